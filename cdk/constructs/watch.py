"""Every few minutes a function looks into the dead-letter queues: one metric for all, one log line each."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.decision_function import Neighbours, function_of
from cdk.constructs.schedule import scheduled
from cdk.constructs.service_function import LoggedFunction
from cdk.service import Worker

WATCH = Worker("lambdas.watch.handler.handle", memory_mb=256, timeout_seconds=30)


def watch_of(
    scope: Construct,
    near: Neighbours,
    dead_letters: Mapping[str, sqs.IQueue],
    *,
    minutes: int,
    failed: sqs.IQueue,
) -> LoggedFunction:
    """The function and its schedule, over queues by what people call them; `failed`, told of a run that
    fails, is one of them.

    It costs nothing: 8,640 runs and some 70,000 requests to SQS a month, of a million each that are free.
    """
    made = function_of(
        scope,
        WATCH,
        near,
        name="watch",
        service="watch",
        environment={
            "DEAD_LETTER_QUEUES": Stack.of(scope).to_json_string(
                {name: queue.queue_url for name, queue in dead_letters.items()}
            )
        },
    )
    made.allow(["sqs:GetQueueAttributes"], [queue.queue_arn for queue in dead_letters.values()])
    scheduled(
        made,
        events.Schedule.rate(Duration.minutes(minutes)),
        description="Triage: what lies in the dead-letter queues",
        failed=failed,
        # A queue that does not answer once is no news: the failure of two looks in a row is.
        retries=1,
    )
    return made
