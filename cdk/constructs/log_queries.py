"""Questions to the logs, saved in Logs Insights and shown on the dashboard. They cost no metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.names import PROJECT


@dataclass(frozen=True)
class LogQuery:
    """One question, in Logs Insights' language, one element a line."""

    name: str
    lines: tuple[str, ...]


ERRORS = LogQuery(
    "errors",
    (
        "filter level in ['ERROR', 'CRITICAL'] or @message like /Task timed out|Runtime exited/",
        "fields @timestamp, service, message, detail, request_id",
        "sort @timestamp desc",
        "limit 50",
    ),
)
BAD_REQUESTS = LogQuery(
    "bad-requests",
    (
        "filter message = 'bad request'",
        "stats count(*) as refused by service, status, field, detail",
        "sort refused desc",
        "limit 20",
    ),
)
MODEL_FAILURES = LogQuery(
    "model-failures",
    (
        "filter message = 'model failed'",
        "stats count(*) as failures, latest(@timestamp) as last by service, detail",
        "sort last desc",
        "limit 20",
    ),
)
COLD_STARTS = LogQuery(
    "cold-starts",
    (
        "filter @type = 'REPORT'",
        "stats count(*) as calls, count(@initDuration) as cold, max(@initDuration) as slowest_start_ms,"
        " pct(@duration, 50) as p50_ms, pct(@duration, 95) as p95_ms, max(@maxMemoryUsed) / 1e6 as memory_mb"
        " by @log",
    ),
)
SLOWEST = LogQuery(
    "slowest-calls",
    (
        "filter @type = 'REPORT'",
        "fields @timestamp, @log, @requestId, @duration, @initDuration, @maxMemoryUsed",
        "sort @duration desc",
        "limit 20",
    ),
)
ALL = (ERRORS, BAD_REQUESTS, MODEL_FAILURES, COLD_STARTS, SLOWEST)


def save_queries(scope: Construct, log_groups: Sequence[logs.ILogGroup]) -> None:
    """Save every query over `log_groups`, under `triage/`."""
    for query in ALL:
        logs.CfnQueryDefinition(
            scope,
            "Query" + "".join(word.capitalize() for word in query.name.split("-")),
            name=f"{PROJECT}/{query.name}",
            query_string="\n| ".join(query.lines),
            log_group_names=[group.log_group_name for group in log_groups],
        )
