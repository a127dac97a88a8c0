"""The one dashboard: traffic, latency, errors, what is decided, the logs' own words, and the bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk.constructs import log_queries
from cdk.constructs.alarms import SLOW_MS
from cdk.constructs.graphs import graph, labelled
from cdk.constructs.log_queries import LogQuery
from cdk.constructs.metric import api_metric, metric
from cdk.constructs.service_function import LoggedFunction
from cdk.metrics import SHARED
from cdk.names import PROJECT
from cdk.services import Service

_PERCENTILES = ("p50", "p95", "p99")


def operations_dashboard(
    scope: Construct,
    *,
    api: apigateway.RestApi,
    services: Sequence[Service],
    functions: Mapping[str, LoggedFunction],
    decisions: dynamodb.ITable,
    alarms: Sequence[cloudwatch.IAlarm],
) -> cloudwatch.Dashboard:
    """The dashboard."""
    logs = [made.log_group.log_group_name for made in functions.values()]
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=dashboard_name(),
        default_interval=Duration.days(1),
        period_override=cloudwatch.PeriodOverride.AUTO,
        widgets=[
            [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24, height=3)],
            _traffic(api, services),
            _functions(functions),
            _decisions(services),
            _state(decisions),
            [
                _table("Errors", log_queries.ERRORS, logs),
                _table("Bad requests", log_queries.BAD_REQUESTS, logs),
            ],
            [
                _table("Model failures", log_queries.MODEL_FAILURES, logs),
                _table("Cold starts and memory", log_queries.COLD_STARTS, logs),
            ],
        ],
    )


def dashboard_name() -> str:
    """Its name; the region is in it because an account has its dashboards in common for all regions."""
    return f"{PROJECT}-{Aws.REGION}"


def _traffic(api: apigateway.RestApi, services: Sequence[Service]) -> list[cloudwatch.IWidget]:
    decided = [labelled(metric("Confidence", s.name, statistic="SampleCount"), s.name) for s in services]
    return [
        graph(
            "Requests, and decisions by service",
            [labelled(api_metric(api, "Count", statistic="Sum"), "requests"), *decided],
        ),
        graph(
            "Latency of the API, ms",
            [
                labelled(api_metric(api, "Latency", statistic=statistic), statistic)
                for statistic in _PERCENTILES
            ],
            limit=SLOW_MS,
        ),
        graph(
            "Answers that are errors",
            [labelled(api_metric(api, name, statistic="Sum"), name[:3]) for name in ("4XXError", "5XXError")],
        ),
    ]


def _functions(functions: Mapping[str, LoggedFunction]) -> list[cloudwatch.IWidget]:
    made = functions.items()
    return [
        graph(
            "Duration of the functions, p95, ms",
            [labelled(f.function.metric_duration(statistic="p95"), name) for name, f in made],
        ),
        graph(
            "Errors and throttles of the functions",
            [labelled(f.function.metric_errors(), f"{name} errors") for name, f in made]
            + [labelled(f.function.metric_throttles(), f"{name} throttles") for name, f in made],
        ),
        graph(
            "Functions running at once",
            [
                labelled(f.function.metric("ConcurrentExecutions", statistic="Maximum"), name)
                for name, f in made
            ],
        ),
    ]


def _decisions(services: Sequence[Service]) -> list[cloudwatch.IWidget]:
    return [
        graph(
            "Confidence: average and lowest tenth",
            [
                labelled(metric("Confidence", s.name, statistic=statistic), f"{s.name} {label}")
                for s in services
                for statistic, label in (("Average", "average"), ("p10", "p10"))
            ],
            top=1.0,
        ),
        graph(
            "Share answered by rules",
            [labelled(metric("Fallbacks", s.name, statistic="Average"), s.name) for s in services],
            top=1.0,
        ),
        graph(
            "Bad requests, model and log failures",
            [labelled(metric(name, statistic="Sum"), name) for name in SHARED],
        ),
    ]


def _state(decisions: dynamodb.ITable) -> list[cloudwatch.IWidget]:
    return [
        graph(
            "Decision log: capacity units used",
            [
                labelled(decisions.metric_consumed_write_capacity_units(), "write"),
                labelled(decisions.metric_consumed_read_capacity_units(), "read"),
            ],
        ),
        graph(
            "Decision log: writes refused for capacity",
            [
                labelled(decisions.metric("WriteThrottleEvents", statistic="Sum"), "write"),
                labelled(decisions.metric("ReadThrottleEvents", statistic="Sum"), "read"),
            ],
        ),
        # AWS keeps the bill in this one region, whatever the app's own is.
        cloudwatch.GraphWidget(
            title="Bill of the account this month, USD",
            width=8,
            height=6,
            region="us-east-1",
            left=[
                cloudwatch.Metric(
                    namespace="AWS/Billing",
                    metric_name="EstimatedCharges",
                    dimensions_map={"Currency": "USD"},
                    statistic="Maximum",
                    period=Duration.hours(6),
                    label="USD",
                )
            ],
        ),
    ]


def _table(title: str, query: LogQuery, log_groups: Sequence[str]) -> cloudwatch.LogQueryWidget:
    return cloudwatch.LogQueryWidget(
        title=title,
        width=12,
        height=6,
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        log_group_names=list(log_groups),
        query_lines=list(query.lines),
    )
