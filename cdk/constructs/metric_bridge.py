"""Laptop only: metrics from the functions' EMF lines, which CloudWatch on AWS makes by itself."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_logs_destinations as destinations
from constructs import Construct

from cdk.constructs.function_code import Packaged, zip_of
from cdk.constructs.service_function import LoggedFunction
from lambdas.core.emf import NAMESPACE

HANDLER = "local.emf_bridge.handler.handle"


class MetricBridge(Construct):
    """A function that gets the EMF lines of `sources` and calls PutMetricData."""

    def __init__(self, scope: Construct, construct_id: str, *, sources: Sequence[LoggedFunction]) -> None:
        super().__init__(scope, construct_id)
        bridge = LoggedFunction(
            self,
            "Bridge",
            name="emf-bridge",
            packaged=Packaged(zip_of("local/emf_bridge"), HANDLER, lambda_.Runtime.PYTHON_3_14),
            environment={"POWERTOOLS_METRICS_NAMESPACE": NAMESPACE},
            memory_mb=128,
            timeout_seconds=10,
            tracing=False,
        )
        bridge.allow(
            ["cloudwatch:PutMetricData"], ["*"], {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}
        )
        bridge.acknowledge_wildcard(
            "*", "PutMetricData takes no resource; the condition allows one namespace only."
        )
        destination = destinations.LambdaDestination(bridge.function)
        for source in sources:
            logs.SubscriptionFilter(
                self,
                f"Emf{source.node.id}",
                log_group=source.log_group,
                destination=destination,
                filter_pattern=logs.FilterPattern.literal("CloudWatchMetrics"),
            )
