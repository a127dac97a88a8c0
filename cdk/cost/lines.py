"""The lines of the bill: how much of what a month uses, what is free of it, and what the rest costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from cdk.cost.calls import Month
from cdk.cost.jobs import report_requests, value_requests
from cdk.cost.prices import Account, Prices
from cdk.cost.traffic import HOURS, grouped, sampled

GB: Final = 1e9
MB: Final = 1e6
DAYS: Final = HOURS / 24
POLLS_AN_HOUR: Final = 180
"""One poller at an empty queue: a request waits up to 20 seconds."""
OBSERVATIONS_DAYS: Final = 35
FILES_A_START: Final = 10
"""What a function that starts fetches: the rollout, a manifest and the bundle's files."""
METRICS, ALARMS, DASHBOARDS = "custom metrics", "CloudWatch alarms", "dashboards"
IMAGES, DISK = "images kept in ECR", "disk of instances, GB"


class Use(NamedTuple):
    """So much of what `price` is the price of; `why` says how it comes about."""

    price: str
    amount: float
    why: str = ""


class Line(NamedTuple):
    """`used` of which `free` cost nothing; `usd` is what is beyond that. `allowance` is what `pool` has free
    in all, of which lines before this one may have used a part."""

    price: str
    unit: str
    used: float
    free: float
    usd: float
    why: str
    pool: str
    allowance: float

    @property
    def beyond(self) -> float:
        """What is charged."""
        return max(self.used - self.free, 0.0)


def lines_of(month: Month, counted: Mapping[str, float], prices: Prices, account: Account) -> list[Line]:
    """Every line. `counted` are the free-tier ledger's figures by name; cdk/free_tier.py."""
    uses = [
        *_compute(month),
        *_messages(month),
        *_storage(month),
        *_telling(month, counted),
        *_rest(month, counted),
    ]
    left: dict[str, float] = {}
    found = []
    for use in uses:
        price = prices[use.price]
        pool = price.pool or use.price
        free = left.setdefault(pool, price.allowance(account))
        left[pool] = max(free - use.amount, 0.0)
        cost = price.cost(max(use.amount - free, 0.0))
        allowance = price.allowance(account)
        found.append(Line(use.price, price.unit, use.amount, free, cost, use.why, pool, allowance))
    return found


def total(lines: Sequence[Line]) -> float:
    """The bill, USD."""
    return sum(line.usd for line in lines)


def _compute(month: Month) -> Iterator[Use]:
    runs = month.runs()
    yield Use("lambda requests", sum(each.invocations for each in runs), f"{len(runs)} functions")
    dearest = sorted(runs, key=lambda each: -each.gb_seconds)[:3]
    most = ", ".join(f"{each.function.name} {each.gb_seconds:,.0f}" for each in dearest)
    yield Use("lambda time", sum(each.gb_seconds for each in runs), f"the most: {most}")
    if any(each.trigger.kind == "kafka" for each in month.app.functions):
        yield Use("lambda kafka poller", HOURS, "one provisioned poller")
    yield Use("api calls", month.api_calls(), "decisions, explanations, uploads, people's page and verdicts")
    traced = [each.invocations for each in runs if each.function.traced]
    yield Use(
        "xray traces", sum(map(sampled, traced)), "of each function the first call a second, and 5 % more"
    )
    if month.app.count("AWS::StepFunctions::StateMachine"):
        assumed = month.traffic.assumed
        used = assumed.rollouts * assumed.transitions_a_rollout
        yield Use("step functions", used, f"{assumed.rollouts:g} rollouts")
    scheduled = [
        each.function.trigger for each in runs if each.function.trigger.kind in {"schedule", "drain"}
    ]
    yield Use("eventbridge schedules", sum(each.runs for each in scheduled), f"{len(scheduled)} schedules")


def _messages(month: Month) -> Iterator[Use]:
    assumed, traffic = month.traffic.assumed, month.traffic
    queues = list(month.polled())
    polls = len(queues) * assumed.pollers * POLLS_AN_HOUR * HOURS
    sent = sum(month.by_stream(s) + month.spoken(s) + month.labels_of(s) for s in month.services)
    watch = month.app.function("watch")
    looks = watch.trigger.runs * month.app.dead_letters if watch else 0.0
    yield Use(
        "sqs requests",
        polls + month.drains() + 3 * sent + looks,
        f"{polls:,.0f} of them ask for messages all the time ({_many(len(queues), 'queue')}), "
        f"{month.drains():,.0f} now and then",
    )
    alerts = traffic.total * assumed.alert_share
    yield Use("sns messages", alerts + 2 * assumed.alarm_mails, "alerts, alarms and what becomes of them")
    yield Use("sns mails", alerts + assumed.alarm_mails, "alerts of single decisions, and alarms")


def _storage(month: Month) -> Iterator[Use]:
    assumed, traffic, app = month.traffic.assumed, month.traffic, month.app
    write_units = sum(table.write_units for table in app.tables) + app.index_write_units
    read_units = sum(table.read_units for table in app.tables) + app.index_read_units
    yield Use("dynamodb write units", write_units * HOURS, "provisioned, used or not")
    yield Use("dynamodb read units", read_units * HOURS, "provisioned, used or not")
    yield Use("dynamodb storage", traffic.total * (assumed.item_bytes + 100) / GB, "decisions of 30 days")
    images, sounds = (sum(part) for part in zip(*map(month.with_media, month.services), strict=True))
    media = (images * assumed.image_mb + sounds * assumed.audio_seconds * assumed.audio_mb_a_second) * MB
    objects = {service.name: month.observed_objects(service) for service in month.services}
    bundles = (len(month.services) * assumed.kept_bundles * assumed.bundle_mb + assumed.assets_mb) * MB
    observed = (
        traffic.total * assumed.observed_bytes * OBSERVATIONS_DAYS / DAYS if any(objects.values()) else 0.0
    )
    # Kept for 30 days, and the upload itself for one.
    yield Use("s3 storage", (bundles + media * (1 + 1 / DAYS) + observed) / GB, "models, media, observations")
    value, reports = value_requests(month), report_requests(month)
    written = sum(objects.values()) + 2 * (images + sounds)
    yield Use(
        "s3 writes",
        written + value.writes + reports.writes,
        f"{sum(objects.values()):,.0f} of observations, {value.writes:,.0f} of value, "
        f"{reports.writes:,.0f} of reports",
    )
    readers = list(_rollout_readers(month))
    refreshed = sum(grouped(looks, assumed.refresh_seconds) for _, looks in readers)
    starts = sum(invocations for invocations, _ in readers) * assumed.cold_share * FILES_A_START
    read = _observations_read(month, objects)
    yield Use(
        "s3 reads",
        refreshed + starts + read + images + sounds + value.reads + reports.reads,
        f"{refreshed:,.0f} looks at rollout.json, {starts:,.0f} of starts, {read:,.0f} of observations, "
        f"{value.reads + reports.reads:,.0f} of value and reports",
    )


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _rollout_readers(month: Month) -> Iterator[tuple[float, float]]:
    """(invocations, those with something to do) of each function that looks at a service's rollout."""
    runs = {each.function.name: each for each in month.runs()}
    for service in month.services:
        for part in ("", "-stream", "-later"):
            if found := runs.get(service.name + part):
                idle = found.function.trigger.kind == "drain"
                yield found.invocations, month.spoken(service) if idle else found.invocations


def _observations_read(month: Month, objects: dict[str, float]) -> float:
    """How many objects the value job and the nightly drift report read: of each day half in each of the
    first's runs, and the whole day once more; the days of its window in each of the second's."""
    a_day = sum(objects.values()) / DAYS
    value, drift = month.app.function("value"), month.app.function("drift")
    by_value = value.trigger.runs * a_day / 2 + a_day * DAYS if value else 0.0
    by_drift = drift.trigger.runs * a_day * month.traffic.assumed.drift_days if drift else 0.0
    return by_value + by_drift


def _telling(month: Month, counted: Mapping[str, float]) -> Iterator[Use]:
    assumed, app = month.traffic.assumed, month.app
    yield Use("cloudwatch metrics", counted[METRICS], "the app's own")
    yield Use("cloudwatch alarms", counted[ALARMS], "metrics that alarms watch")
    yield Use("cloudwatch dashboards", counted[DASHBOARDS])
    written = (
        month.traffic.total * assumed.log_bytes_a_decision + month.api_calls() * assumed.log_bytes_a_call
    )
    written = (written + sum(r.invocations for r in month.runs()) * assumed.log_bytes_an_invocation) / GB
    yield Use("logs written", written, "one line a decision and call, and Lambda's own")
    yield Use("logs kept", written * assumed.log_kept, "a month, compressed")
    searched = written / DAYS * app.log_widgets * assumed.dashboard_views
    yield Use("logs searched", searched, f"{assumed.dashboard_views:g} views of the dashboards' log tables")


def _rest(month: Month, counted: Mapping[str, float]) -> Iterator[Use]:
    assumed, app = month.traffic.assumed, month.app
    if app.count("AWS::Cognito::UserPool"):
        yield Use("cognito users", assumed.reviewers, "reviewers who sign in")
    if app.count("AWS::ECR::Repository"):
        yield Use("ecr storage", counted[IMAGES] * assumed.image_gb, f"{counted[IMAGES]:g} images")
    yield Use("budgets", app.count("AWS::Budgets::Budget") * DAYS, "alerts on the bill")
    shown = month.looked_at * assumed.image_share * assumed.image_mb * MB
    yield Use(
        "data out",
        (month.api_calls() * assumed.answer_bytes + shown) / GB,
        "answers, and media shown to people",
    )
    if servers := app.count("AWS::EC2::Instance"):
        yield Use("ec2 hours", servers * HOURS, "the MLflow server")
        yield Use("ebs storage", counted[DISK], "its disk")
        yield Use("public addresses", servers * HOURS, "its way out")
    if shards := app.count("AWS::Kinesis::Stream"):
        yield Use("kinesis shards", shards * HOURS, "one shard a stream")
        yield Use("kinesis puts", sum(map(month.by_stream, month.services)), "a transaction each")
    if secrets := app.secrets:
        yield Use("secrets", secrets, "the feature store's, the broker's")
