"""The one place that says what `-c local=true` changes. docs/local.md shows the same table.

On the laptop the same app goes into an embedded AWS that lacks a few things. Stacks ask the `Target`
what they may create; nothing else in this package looks at `settings.local`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AlarmTiming:
    """How long something must be wrong: `datapoints` of the last `evaluation_periods` of `period_seconds`."""

    period_seconds: int
    evaluation_periods: int
    datapoints: int


@dataclass(frozen=True)
class Target:
    """Where the app is deployed to, as what it creates there."""

    functions_as_zip: bool
    budget: bool
    saved_queries: bool
    delivery: bool
    tracking: bool
    metric_bridge: bool
    inbox: bool
    drains: bool
    catch_up_seconds: int
    observe_seconds: int
    alarm_timing: AlarmTiming | None
    late_seconds: int
    watch_minutes: int
    prometheus: bool


@dataclass(frozen=True)
class Difference:
    """One row of the table; `field` names the `Target` field it explains."""

    field: str
    on_aws: str
    on_the_laptop: str
    why: str


AWS = Target(
    functions_as_zip=False,
    budget=True,
    saved_queries=True,
    delivery=True,
    tracking=True,
    metric_bridge=False,
    inbox=False,
    drains=True,
    catch_up_seconds=60,
    observe_seconds=300,
    alarm_timing=None,
    late_seconds=300,
    watch_minutes=5,
    prometheus=False,
)

LAPTOP = Target(
    functions_as_zip=True,
    budget=False,
    saved_queries=False,
    delivery=False,
    tracking=False,
    metric_bridge=True,
    inbox=True,
    drains=False,
    catch_up_seconds=10,
    observe_seconds=1,
    alarm_timing=AlarmTiming(period_seconds=60, evaluation_periods=1, datapoints=1),
    late_seconds=60,
    watch_minutes=1,
    prometheus=True,
)

DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "functions_as_zip",
        "one container image in ECR, one CMD a function",
        "a zip of the same code",
        "the embedded AWS runs images only through a Docker engine",
    ),
    Difference(
        "budget",
        "a monthly budget with alerts",
        "left out",
        "the embedded AWS does not create AWS::Budgets::Budget, and nothing costs money here",
    ),
    Difference(
        "saved_queries",
        "saved Logs Insights queries",
        "left out",
        "the embedded AWS does not create AWS::Logs::QueryDefinition",
    ),
    Difference(
        "delivery",
        "the role of GitHub Actions, when `github_repository` is given",
        "left out",
        "GitHub cannot reach a laptop",
    ),
    Difference(
        "tracking",
        "an MLflow server on EC2, when `tracking=true` is given",
        "left out",
        "the embedded AWS does not create AWS::EC2::Instance; training logs to a local SQLite file",
    ),
    Difference(
        "metric_bridge",
        "CloudWatch makes metrics of the functions' EMF lines",
        "a small function reads the lines from the logs and calls PutMetricData",
        "the embedded AWS makes no metrics of EMF lines",
    ),
    Difference(
        "inbox",
        "emails of alarms and alerts",
        "an SQS queue on each of the two topics, read by `make inbox`",
        "the embedded AWS stores emails and sends none",
    ),
    Difference(
        "drains",
        "a schedule empties the queues of what nobody waits for: every minute, that of labels every 5",
        "Lambda's poller does, as with the stream",
        "polling three more queues is 2 million requests a month, which cost money on AWS and none here",
    ),
    Difference(
        "catch_up_seconds",
        "an update that waits for the feature store is tried again every minute",
        "every 10 seconds",
        "to see a stopped Valkey caught up with without a minute's wait",
    ),
    Difference(
        "observe_seconds",
        "decisions become observations within 5 minutes",
        "within 1 second",
        "writes to S3 cost money on AWS and none here",
    ),
    Difference(
        "alarm_timing",
        "each alarm after the time that docs/operations.md says, mostly a quarter of an hour",
        "an alarm after 1 period of 1 minute",
        "to see an alarm without a quarter of an hour's wait",
    ),
    Difference(
        "late_seconds",
        "records of a stream are late when they have waited 300 s",
        "after 60 s",
        "to see the alarm without five minutes' wait",
    ),
    Difference(
        "watch_minutes",
        "dead letters are counted every 5 minutes",
        "every minute",
        "to see the alarm without a long wait",
    ),
    Difference(
        "prometheus",
        "`GET /metrics` when `prometheus=true` is given",
        "always",
        "scrapes cost money on AWS and none here",
    ),
)


def target(*, local: bool) -> Target:
    """What the app may create: on the laptop when `local`, on AWS otherwise."""
    return LAPTOP if local else AWS


def as_markdown() -> str:
    """The table of docs/local.md."""
    rows = ["| what | on AWS | on the laptop | why |", "|---|---|---|---|"]
    rows += [f"| {d.field} | {d.on_aws} | {d.on_the_laptop} | {d.why} |" for d in DIFFERENCES]
    return "\n".join(rows)
