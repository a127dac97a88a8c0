"""What a schedule starts, and where it is told that a run failed."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from cdk.constructs.service_function import LoggedFunction


def scheduled(
    made: LoggedFunction,
    schedule: events.Schedule,
    *,
    description: str,
    failed: sqs.IQueue,
    retries: int,
    late_seconds: int | None = None,
) -> None:
    """Start `made` by `schedule`. A run that fails is tried again `retries` times, then `failed` is told.

    A run that cannot begin within `late_seconds` (6 hours where nothing is said) is given up, and told too.
    Whoever else starts the function without waiting for it has the same.
    """
    made.allow(["sqs:SendMessage"], [failed.queue_arn])
    # Written out: the CDK's own destination would let the function ask for the queue's attributes as well.
    told = lambda_.CfnEventInvokeConfig(
        made,
        "Async",
        function_name=made.function.function_name,
        qualifier="$LATEST",
        maximum_retry_attempts=retries,
        maximum_event_age_in_seconds=late_seconds,
        destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
            on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=failed.queue_arn)
        ),
    )
    # Lambda checks the rights when it is made, and they are in a policy beside the role.
    told.node.add_dependency(made.role)
    rule = events.Rule(made, "Schedule", schedule=schedule, description=description)
    late = Duration.seconds(late_seconds) if late_seconds else None
    rule.add_target(targets.LambdaFunction(made.function, retry_attempts=retries, max_event_age=late))
