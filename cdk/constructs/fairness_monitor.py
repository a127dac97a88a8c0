"""Once a day a function looks at how the decisions in the log are spread over groups of people.

It is on by default, because it costs nothing: a minute or two of a small function, a schedule rule, one small
object, and half of the read units that the log has anyway.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.decision_function import Neighbours, function_of, may_read
from cdk.constructs.schedule import scheduled
from cdk.constructs.service_function import LoggedFunction
from cdk.service import Service, Worker
from lambdas.fairness.live import KEY, SERVICE

SECONDS = 240
MONITOR = Worker("lambdas.fairness.handler.handle", memory_mb=256, timeout_seconds=SECONDS + 60)
WHEN = events.Schedule.cron(minute="10", hour="4")
"""UTC; an hour at which little is decided in most places."""


def watched(services: Sequence[Service]) -> bool:
    """Whether the service whose decisions are looked at is among `services`."""
    return any(service.name == SERVICE for service in services)


def fairness_monitor(
    scope: Construct, near: Neighbours, topic: sns.ITopic, *, failed: sqs.IQueue
) -> LoggedFunction:
    """The function and its schedule. It tells `topic` of a gap that is new and beyond doubt; `failed` is told
    of a run that fails."""
    made = function_of(
        scope,
        MONITOR,
        near,
        name="fairness",
        service="fairness",
        environment={
            "ARTIFACTS_BUCKET": near.artifacts.bucket_name,
            "DECISIONS_TABLE": near.decisions.table_name,
            "ALERT_TOPIC_ARN": topic.topic_arn,
            "FAIRNESS_SECONDS": str(SECONDS),
        },
    )
    made.allow(["dynamodb:Scan"], [near.decisions.table_arn])
    may_read(made, near.artifacts, [KEY])
    made.allow(["s3:PutObject"], [near.artifacts.arn_for_objects(KEY)])
    made.allow(["sns:Publish"], [topic.topic_arn])
    about = "Triage: how decisions treat groups of people"
    # What could not be read today is read tomorrow.
    scheduled(made, WHEN, description=about, failed=failed, retries=1)
    return made
