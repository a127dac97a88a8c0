"""Queues that a schedule works off, in place of an event source mapping.

Lambda asks the queue of a mapping for messages all the time: 657,000 requests a month and queue when nothing
comes, of the million that are free. The queue whose messages should not wait has such a mapping; the others
are looked into now and then. The handlers are the same: lambdas/core/drain.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs

from cdk.constructs import event_sources
from cdk.constructs.schedule import scheduled
from cdk.constructs.service_function import LoggedFunction
from cdk.names import PROJECT
from cdk.service import Worker

SECONDS = 40
"""For so long a run begins batches. The last one has the time that the worker asks for."""
MINUTES = 1
LABEL_MINUTES = 5
"""What is learned is tried by the hundred labels."""
LATE_SECONDS = 60
"""The shortest that Lambda takes. A run that could not begin within it is the next one's work."""


def worker_of(worker: Worker, *, drains: bool, retry_seconds: int) -> Worker:
    """`worker` as a schedule runs it, where that `drains`: with time for several batches, but for no longer
    than a message stays hidden, so that none comes again while it is worked on."""
    if not drains:
        return worker
    return replace(worker, timeout_seconds=min(worker.timeout_seconds + SECONDS, retry_seconds))


def work_off(
    made: LoggedFunction,
    queue: sqs.IQueue,
    worker: Worker,
    *,
    drains: bool,
    failed: sqs.IQueue,
    minutes: int = MINUTES,
    batch: int = event_sources.FIFO_BATCH,
    filters: Sequence[object] = (),
) -> None:
    """`made` gets the messages of the FIFO `queue`, `batch` at most at once.

    Where a schedule `drains` it, `made` is started every `minutes` minutes, and its handler heeds `filters`
    itself; otherwise Lambda polls. `worker` is as it was listed, before `worker_of`. `failed` is told of a
    run that fails as a whole; a message that fails comes again.
    """
    if not drains:
        event_sources.from_queue(made, queue, batch=batch, filters=filters)
        return
    event_sources.may_take_from(made, queue)
    made.function.add_environment("DRAIN_QUEUE_URL", queue.queue_url)
    made.function.add_environment("DRAIN_BATCH", str(batch))
    made.function.add_environment("DRAIN_BATCH_SECONDS", str(worker.timeout_seconds))
    scheduled(
        made,
        events.Schedule.rate(Duration.minutes(minutes)),
        description=f"Triage: {made.name} looks into its queue",
        failed=failed,
        # The next run comes by itself, and finds what this one left.
        retries=0,
        late_seconds=LATE_SECONDS,
    )


def may_wake(made: LoggedFunction, service: str) -> None:
    """Let the function of `service` start its later worker, whose schedule a caller need not wait for."""
    name = f"{PROJECT}-{service}-later"
    arn = Stack.of(made).format_arn(
        service="lambda", resource="function", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    made.allow(["lambda:InvokeFunction"], [arn])
    made.function.add_environment("LATER_FUNCTION", name)
