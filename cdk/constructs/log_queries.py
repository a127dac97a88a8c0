"""Questions to the logs, saved in Logs Insights and shown on the dashboards. They cost no metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.constructs.service_function import LoggedFunction
from cdk.names import PROJECT


@dataclass(frozen=True)
class LogQuery:
    """One question, in Logs Insights' language, one element a line.

    It is asked of the log of the function `of`, because what is looked through costs money from 5 GB a month
    on; of all functions where that is None.
    """

    name: str
    title: str
    lines: tuple[str, ...]
    of: str | None = None


ERRORS = LogQuery(
    "errors",
    "Errors",
    (
        "filter level in ['ERROR', 'CRITICAL'] or @message like /Task timed out|Runtime exited/",
        "fields @timestamp, service, message, detail, request_id",
        "sort @timestamp desc",
        "limit 50",
    ),
)
BAD_REQUESTS = LogQuery(
    "bad-requests",
    "Bad requests",
    (
        "filter message = 'bad request'",
        "stats count(*) as refused by service, status, field, detail",
        "sort refused desc",
        "limit 20",
    ),
)
MODEL_FAILURES = LogQuery(
    "model-failures",
    "Model failures",
    (
        "filter message = 'model failed'",
        "stats count(*) as failures, latest(@timestamp) as last by service, detail",
        "sort last desc",
        "limit 20",
    ),
)
COLD_STARTS = LogQuery(
    "cold-starts",
    "Cold starts and memory",
    (
        "filter @type = 'REPORT'",
        "stats count(*) as calls, count(@initDuration) as cold, max(@initDuration) as slowest_start_ms,"
        " pct(@duration, 50) as p50_ms, pct(@duration, 95) as p95_ms, max(@maxMemoryUsed) / 1e6 as memory_mb"
        " by @log",
    ),
)
SLOWEST = LogQuery(
    "slowest-calls",
    "Slowest calls",
    (
        "filter @type = 'REPORT'",
        "fields @timestamp, @log, @requestId, @duration, @initDuration, @maxMemoryUsed",
        "sort @duration desc",
        "limit 20",
    ),
)
VARIANTS = LogQuery(
    "variants",
    "Variants side by side",
    (
        "filter message = 'observed'",
        "stats sum(decisions) as decided, sum(confidence * decisions) / sum(decisions) as average_confidence,"
        " sum(reviewed) / sum(decisions) as to_review, sum(rules) / sum(decisions) as by_rules,"
        " max(p95_ms) as slowest_p95_ms by service, variant, version",
        "sort service, variant",
    ),
    of="observer",
)
DRIFT = LogQuery(
    "drift",
    "Drift by feature",
    (
        "filter message = 'drift'",
        "stats latest(score) as drift, latest(drifted) as beyond_doubt, latest(@timestamp) as seen"
        " by service, feature",
        "sort drift desc",
        "limit 50",
    ),
    of="drift",
)
VALUE = LogQuery(
    "value",
    "Business value today and this month",
    (
        "filter message = 'value'",
        "stats latest(day_money) as money_today, latest(month_money) as money_this_month,"
        " latest(currency) as in_currency, latest(day_hours) as hours_today,"
        " latest(month_hours) as hours_this_month by service",
        "sort service",
    ),
    of="value",
)
DEAD_LETTERS = LogQuery(
    "dead-letters",
    "Dead letters",
    (
        "filter message = 'dead letters'",
        "stats latest(messages) as waiting, latest(@timestamp) as seen by queue",
        "sort waiting desc",
    ),
    of="watch",
)
MAILS = LogQuery(
    "alarm-mails",
    "Alarms, and which of them sent a mail",
    (
        "filter message in ['mail', 'no mail of its own']",
        "fields @timestamp, alarm, state, message, part_of",
        "sort @timestamp desc",
        "limit 50",
    ),
    of="mail",
)
ALL = (
    ERRORS, BAD_REQUESTS, MODEL_FAILURES, COLD_STARTS, SLOWEST, VARIANTS, DRIFT, VALUE, DEAD_LETTERS, MAILS
)  # fmt: skip


def groups_of(query: LogQuery, functions: Mapping[str, LoggedFunction]) -> list[str]:
    """The names of the log groups that `query` is asked of; none where its function is not there."""
    return [
        made.log_group.log_group_name
        for made in functions.values()
        if query.of is None or made.name == f"{PROJECT}-{query.of}"
    ]


def save_queries(scope: Construct, functions: Mapping[str, LoggedFunction]) -> None:
    """Save every query under `triage/`, over the logs of the functions that it is asked of."""
    for query in ALL:
        groups = groups_of(query, functions)
        if groups:
            logs.CfnQueryDefinition(
                scope,
                "Query" + "".join(word.capitalize() for word in query.name.split("-")),
                name=f"{PROJECT}/{query.name}",
                query_string="\n| ".join(query.lines),
                log_group_names=groups,
            )
