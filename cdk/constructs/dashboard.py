"""The one dashboard: traffic, latency, errors, what is decided, what that is worth, and the bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk.constructs import log_queries
from cdk.constructs.alarms import SLOW_MS
from cdk.constructs.graphs import graph, labelled, table
from cdk.constructs.log_queries import LogQuery, groups_of
from cdk.constructs.metric import api_metric, metric
from cdk.constructs.service_function import LoggedFunction
from cdk.metrics import SHARED
from cdk.names import PROJECT
from cdk.service import Service

_PERCENTILES = ("p50", "p95", "p99")
_TABLES = (
    (log_queries.VARIANTS, 24),
    (log_queries.VALUE, 12),
    (log_queries.DRIFT, 12),
    (log_queries.ERRORS, 12),
    (log_queries.BAD_REQUESTS, 12),
    (log_queries.MODEL_FAILURES, 12),
    (log_queries.MAILS, 12),
)
_SHORT = " || ".join(f"MONTH(bill)=={month}" for month in (4, 6, 9, 11))
_DAYS_OF_THE_MONTH = f"IF(MONTH(bill)==2, 28, IF({_SHORT}, 30, 31))"


def operations_dashboard(
    scope: Construct,
    *,
    api: apigateway.RestApi,
    services: Sequence[Service],
    functions: Mapping[str, LoggedFunction],
    decisions: dynamodb.ITable,
    alarms: Sequence[cloudwatch.IAlarm],
) -> cloudwatch.Dashboard:
    """The dashboard; `functions` are all there are, whose logs its tables ask."""
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=dashboard_name(),
        default_interval=Duration.days(1),
        period_override=cloudwatch.PeriodOverride.AUTO,
        widgets=[
            [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24, height=3)],
            _traffic(api, services),
            _decisions(services),
            [_asked(query, functions, width) for query, width in _TABLES if groups_of(query, functions)],
            _state(decisions),
        ],
    )


def dashboard_name() -> str:
    """Its name; the region is in it because an account has its dashboards in common for all regions."""
    return f"{PROJECT}-{Aws.REGION}"


def _asked(query: LogQuery, functions: Mapping[str, LoggedFunction], width: int) -> cloudwatch.IWidget:
    return table(query, groups_of(query, functions), width=width)


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
        graph("Share decided by rules", [_by_rules(services)], top=1.0),
        graph(
            "What alarms count: failures, low confidence, drift, dead letters",
            [
                labelled(metric(name, statistic="Maximum"), name)
                for name in ("LowConfidence", "Drift", "DeadLetters")
            ]
            + [labelled(metric(name, statistic="Sum"), name) for name in SHARED if name.endswith("Failures")],
        ),
    ]


def _by_rules(services: Sequence[Service]) -> cloudwatch.IMetric:
    """Of all decisions together; where rules decided nothing there is no value, which is none of them."""
    every = {f"n{k}": metric("Confidence", s.name, statistic="SampleCount") for k, s in enumerate(services)}
    total = " + ".join(f"FILL({name}, 0)" for name in every)
    return cloudwatch.MathExpression(
        expression=f"FILL(rules, 0) / ({total})",
        using_metrics={"rules": metric("Fallbacks", statistic="Sum"), **every},
        label="by rules",
    )


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
        _bill(),
    ]


def _bill() -> cloudwatch.IWidget:
    """What the month has cost so far, and what it will if it goes on like this: rough in its first days."""
    bill = cloudwatch.Metric(
        namespace="AWS/Billing",
        metric_name="EstimatedCharges",
        dimensions_map={"Currency": "USD"},
        statistic="Maximum",
        period=Duration.hours(6),
        label="so far",
    )
    forecast = cloudwatch.MathExpression(
        expression=f"bill / DAY(bill) * {_DAYS_OF_THE_MONTH}",
        using_metrics={"bill": bill},
        period=Duration.hours(6),
        label="forecast of the month",
    )
    # AWS keeps the bill in this one region, whatever the app's own is.
    return cloudwatch.GraphWidget(
        title="Bill of the account this month and its forecast, USD",
        width=8,
        height=6,
        region="us-east-1",
        left=[bill, forecast],
    )
