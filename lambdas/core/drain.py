"""Works off a queue when a schedule says so, in place of Lambda's own poller.

That one asks an empty queue 650,000 times a month, which costs money; a run a minute asks 44,000 times. The
handler is the same, and so is what becomes of a message: done ones are deleted, failed ones come again after
the queue's visibility timeout and go to its dead letters by its redrive policy, and while one of a FIFO group
waits, SQS holds the others of its group back. So two runs at a time do each other no harm.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Protocol

import msgspec

from lambdas.core.aws import Queue
from lambdas.core.nudge import WAIT_SECONDS
from lambdas.core.settings import load

Handler = Callable[[dict[str, Any], Any], Any]
MOST_WAIT: Final = 10
AGAIN: Final = 1
"""Seconds that a run which found something waits for more. An idle run does not wait: SQS may then overlook
what has just come, and the next run finds it; a second of each would be most of what the workers use."""
TIMEOUT: Final = MOST_WAIT + 5.0


class DrainSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is set where a schedule works off the queue.

    `drain_batch` messages are given to the handler at once; a batch is begun while the run has at least
    `drain_batch_seconds` left.
    """

    drain_queue_url: str = ""
    drain_batch: Annotated[int, msgspec.Meta(ge=1, le=10)] = 10
    drain_batch_seconds: float = 30.0


class Source(Protocol):
    """What `lambdas.core.aws.Queue` does."""

    def receive(self, *, most: int, wait_seconds: int = 0) -> list[dict[str, Any]]:
        """Up to `most` messages; none when none came. Raises DependencyDown."""
        ...

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete these messages. Raises DependencyDown."""
        ...


def drained(handle: Handler, *, only: str | None = None) -> Handler:
    """`handle`, a handler of SQS batches, as one that a schedule may start as well.

    With `only`, messages whose JSON has another `service` are dropped unseen, and what is no JSON too: as the
    filter of an event source mapping does. Without DRAIN_QUEUE_URL it is `handle` itself: Lambda polls.
    Raises SettingsError.
    """
    settings = load(DrainSettings)
    if not settings.drain_queue_url:
        return handle
    return Drain(handle, Queue(settings.drain_queue_url, timeout=TIMEOUT), settings, only=only)


class Drain:
    """A Lambda handler that fetches its batches itself."""

    def __init__(
        self, handle: Handler, queue: Source, settings: DrainSettings, *, only: str | None = None
    ) -> None:
        self._handle = handle
        self._queue = queue
        self._settings = settings
        self._only = only

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        """The handler's answer to an event with `Records`; otherwise how many messages were done and how many
        are to come again.

        It goes on until the queue is empty, a whole batch failed, or time is nearly up. Raises DependencyDown
        when SQS does not answer, and what the handler raises: that batch comes again.
        """
        if "Records" in event:
            return self._handle(event, context)
        wait, done, failed = min(int(event.get(WAIT_SECONDS, 0)), MOST_WAIT), 0, 0
        while context.get_remaining_time_in_millis() >= 1000 * (self._settings.drain_batch_seconds + wait):
            messages = self._queue.receive(most=self._settings.drain_batch, wait_seconds=wait)
            if not messages:
                break
            left = self._left_of(messages, context)
            if finished := [each["ReceiptHandle"] for each in messages if each["MessageId"] not in left]:
                self._queue.delete(finished)
            done, failed, wait = done + len(finished), failed + len(left), AGAIN
            if not finished:
                break
        return {"done": done, "failed": failed}

    def _left_of(self, messages: Sequence[Mapping[str, Any]], context: Any) -> set[str]:
        """The ids of those that the handler reports as failed; all of them when it names one that is none of
        the batch, as Lambda takes it."""
        wanted = [each for each in messages if self._only is None or _service(each["Body"]) == self._only]
        if not wanted:
            return set()
        answer = self._handle({"Records": [record_of(each) for each in wanted]}, context) or {}
        failed = {each.get("itemIdentifier") for each in answer.get("batchItemFailures") or ()}
        known = {each["MessageId"] for each in wanted}
        return failed if failed <= known else known


def record_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message as a record of the event that Lambda makes of it; without the queue's ARN."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "md5OfBody": message.get("MD5OfBody"),
        "attributes": dict(message.get("Attributes") or {}),
        "messageAttributes": {
            name: {
                "dataType": value.get("DataType"),
                "stringValue": value.get("StringValue"),
                "binaryValue": value.get("BinaryValue"),
            }
            for name, value in (message.get("MessageAttributes") or {}).items()
        },
        "eventSource": "aws:sqs",
        "awsRegion": os.environ.get("AWS_REGION", ""),
    }


def _service(body: str) -> str | None:
    """What the JSON in `body` says its service is."""
    try:
        content = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    service = content.get("service") if isinstance(content, dict) else None
    return service if isinstance(service, str) else None
