"""The second dashboard: what waits in queues, how old it is, what works it off, and what was given up."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.graphs import graph, labelled, table
from cdk.constructs.log_queries import DEAD_LETTERS
from cdk.constructs.metric import metric
from cdk.constructs.service_function import LoggedFunction
from cdk.names import PROJECT


def stream_dashboard(
    scope: Construct,
    *,
    queues: Mapping[str, sqs.IQueue],
    functions: Mapping[str, LoggedFunction],
    watch: LoggedFunction,
    store: dynamodb.ITable,
) -> cloudwatch.Dashboard:
    """The dashboard; queues and functions by what people call them. `watch` says what each dead-letter queue
    holds, in its log: a metric a queue would be more than the fifty that a dashboard may show."""
    return cloudwatch.Dashboard(
        scope,
        "StreamDashboard",
        dashboard_name=f"{PROJECT}-streams-{Aws.REGION}",
        default_interval=Duration.days(1),
        period_override=cloudwatch.PeriodOverride.AUTO,
        widgets=[
            _queues(queues),
            _functions(functions),
            [*_store(store), table(DEAD_LETTERS, [watch.log_group.log_group_name], width=8)],
        ],
    )


def _queues(queues: Mapping[str, sqs.IQueue]) -> list[cloudwatch.IWidget]:
    return [
        graph(
            "Waiting in the queues",
            [
                labelled(queue.metric_approximate_number_of_messages_visible(statistic="Maximum"), name)
                for name, queue in queues.items()
            ],
        ),
        graph(
            "Age of what waits longest, s",
            [
                labelled(queue.metric_approximate_age_of_oldest_message(statistic="Maximum"), name)
                for name, queue in queues.items()
            ],
        ),
        graph(
            "Dead letters in all",
            [labelled(metric("DeadLetters", statistic="Maximum"), "waiting")],
            limit=1,
        ),
    ]


def _functions(functions: Mapping[str, LoggedFunction]) -> list[cloudwatch.IWidget]:
    made = functions.items()
    return [
        graph(
            "Batches worked off",
            [labelled(f.function.metric_invocations(), name) for name, f in made],
        ),
        graph(
            "Duration of a batch, p95, ms",
            [labelled(f.function.metric_duration(statistic="p95"), name) for name, f in made],
        ),
        graph(
            "Errors",
            [labelled(f.function.metric_errors(), name) for name, f in made],
        ),
    ]


def _store(store: dynamodb.ITable) -> list[cloudwatch.IWidget]:
    return [
        graph(
            "Feature store: capacity units used",
            [
                labelled(store.metric_consumed_write_capacity_units(), "write"),
                labelled(store.metric_consumed_read_capacity_units(), "read"),
            ],
        ),
        graph(
            "Feature store: refused for capacity",
            [
                labelled(store.metric("WriteThrottleEvents", statistic="Sum"), "write"),
                labelled(store.metric("ReadThrottleEvents", statistic="Sum"), "read"),
            ],
        ),
    ]
