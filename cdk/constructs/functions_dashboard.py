"""The third dashboard: how the functions behind the API do. Its metrics are AWS's own."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk.constructs import log_queries
from cdk.constructs.graphs import graph, labelled, table
from cdk.constructs.service_function import LoggedFunction
from cdk.names import PROJECT


def functions_dashboard(scope: Construct, functions: Mapping[str, LoggedFunction]) -> cloudwatch.Dashboard:
    """The dashboard; `functions` by what people call them."""
    made = functions.items()
    logs = [each.log_group.log_group_name for each in functions.values()]
    return cloudwatch.Dashboard(
        scope,
        "FunctionsDashboard",
        dashboard_name=f"{PROJECT}-functions-{Aws.REGION}",
        default_interval=Duration.days(1),
        period_override=cloudwatch.PeriodOverride.AUTO,
        widgets=[
            [
                graph(
                    "Duration, p95, ms",
                    [labelled(f.function.metric_duration(statistic="p95"), name) for name, f in made],
                ),
                graph(
                    "Errors and throttles",
                    [labelled(f.function.metric_errors(), f"{name} errors") for name, f in made]
                    + [labelled(f.function.metric_throttles(), f"{name} throttles") for name, f in made],
                ),
                graph(
                    "Running at once",
                    [
                        labelled(f.function.metric("ConcurrentExecutions", statistic="Maximum"), name)
                        for name, f in made
                    ],
                ),
            ],
            [table(log_queries.COLD_STARTS, logs), table(log_queries.SLOWEST, logs)],
        ],
    )
