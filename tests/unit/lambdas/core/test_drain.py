"""A handler of SQS batches that a schedule starts: order, partial failures, the filter, and when it stops."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from lambdas.core.drain import Drain, DrainSettings, drained, record_of
from lambdas.core.errors import DependencyDown

pytestmark = pytest.mark.unit

SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event"}
SETTINGS = DrainSettings(drain_queue_url="http://q", drain_batch=2, drain_batch_seconds=10.0)


class Clock:
    """Lambda's context with so much time left, of which each batch takes some."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


class Messages:
    """A queue: what is received is not visible any more, as long as a test lasts."""

    def __init__(self, *bodies: str) -> None:
        self.visible = [
            {
                "MessageId": f"m{k}",
                "ReceiptHandle": f"r{k}",
                "Body": body,
                "MD5OfBody": "md5",
                "Attributes": {
                    "ApproximateReceiveCount": "2", "MessageGroupId": "g", "SequenceNumber": str(k),
                },
                "MessageAttributes": {"reason": {"DataType": "String", "StringValue": "late"}},
            }
            for k, body in enumerate(bodies)
        ]  # fmt: skip
        self.deleted: list[str] = []
        self.waits: list[int] = []

    def receive(self, *, most: int, wait_seconds: int = 0) -> list[dict[str, Any]]:
        self.waits.append(wait_seconds)
        found, self.visible = self.visible[:most], self.visible[most:]
        return found

    def delete(self, receipts: Sequence[str]) -> None:
        self.deleted += receipts


class Worker:
    """A handler that remembers what it got; `answer` makes its answer."""

    def __init__(self, answer: Callable[[list[str]], object] = lambda names: None) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self.answer = answer

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        self.batches.append(event["Records"])
        return self.answer([record["messageId"] for record in event["Records"]])


def failing(*names: str) -> Callable[[list[str]], object]:
    return lambda batch: {"batchItemFailures": [{"itemIdentifier": n} for n in batch if n in names]}


def test_a_run_empties_the_queue_in_order_and_deletes_what_is_done() -> None:
    queue, worker = Messages("a", "b", "c", "d", "e"), Worker(failing())
    assert Drain(worker, queue, SETTINGS)(SCHEDULED, Clock(60)) == {"done": 5, "failed": 0}
    assert [[r["body"] for r in batch] for batch in worker.batches] == [["a", "b"], ["c", "d"], ["e"]]
    assert queue.deleted == ["r0", "r1", "r2", "r3", "r4"]
    assert queue.waits == [0, 1, 1, 1], "an empty queue is asked once and costs no waiting"


def test_what_failed_stays_and_the_others_go_on() -> None:
    queue, worker = Messages("a", "b", "c"), Worker(failing("m1"))
    assert Drain(worker, queue, SETTINGS)(SCHEDULED, Clock(60)) == {"done": 2, "failed": 1}
    assert queue.deleted == ["r0", "r2"]


@pytest.mark.parametrize(
    "answer",
    [
        failing("m0", "m1"),
        lambda batch: {"batchItemFailures": [{"itemIdentifier": "who?"}]},
        lambda batch: {"batchItemFailures": [{"itemIdentifier": None}]},
        lambda batch: {"batchItemFailures": [{}]},
    ],
)
def test_a_batch_that_failed_wholly_ends_the_run(answer: Callable[[list[str]], object]) -> None:
    """What it waits for is down: the rest of the queue would only be counted as received once more."""
    queue, worker = Messages("a", "b", "c"), Worker(answer)
    assert Drain(worker, queue, SETTINGS)(SCHEDULED, Clock(60)) == {"done": 0, "failed": 2}
    assert queue.deleted == []
    assert len(queue.visible) == 1


def test_a_handler_that_raises_leaves_its_batch_and_is_heard_of() -> None:
    def broken(batch: list[str]) -> object:
        raise DependencyDown("the log")

    queue = Messages("a")
    with pytest.raises(DependencyDown, match="the log"):
        Drain(Worker(broken), queue, SETTINGS)(SCHEDULED, Clock(60))
    assert queue.deleted == []


def test_no_batch_is_begun_that_might_not_end_in_time() -> None:
    clock, queue = Clock(30), Messages(*"abcdefgh")

    def slow(batch: list[str]) -> object:
        clock.seconds -= 10
        return None

    worker = Worker(slow)
    # With 30 and 20 seconds left two are begun; with 10 there is no time to wait for a third.
    assert Drain(worker, queue, SETTINGS)(SCHEDULED, clock) == {"done": 4, "failed": 0}
    assert len(queue.visible) == 4


def test_a_nudged_run_waits_for_what_is_delivered_with_a_delay() -> None:
    queue = Messages("a")
    Drain(Worker(), queue, SETTINGS)({"wait_seconds": 5}, Clock(60))
    assert queue.waits == [5, 1]
    queue = Messages()
    assert Drain(Worker(), queue, SETTINGS)({"wait_seconds": 900}, Clock(60)) == {"done": 0, "failed": 0}
    assert queue.waits == [10], "and never longer than the client listens"


def test_another_services_messages_are_dropped_unseen_as_the_mappings_filter_does() -> None:
    own = json.dumps({"service": "transactions", "label": "fraud"})
    bodies = [own, json.dumps({"service": "tickets"}), "no json", json.dumps(["transactions"]), "{}", own]
    queue, worker = Messages(*bodies), Worker(failing("m0"))
    run = Drain(worker, queue, SETTINGS, only="transactions")
    assert run(SCHEDULED, Clock(60)) == {"done": 5, "failed": 1}
    assert [[r["messageId"] for r in batch] for batch in worker.batches] == [["m0"], ["m5"]]
    assert queue.deleted == ["r1", "r2", "r3", "r4", "r5"]


def test_a_record_is_as_lambda_makes_it() -> None:
    (message,) = Messages("a").receive(most=1)
    record = record_of(message)
    assert (record["messageId"], record["receiptHandle"], record["body"]) == ("m0", "r0", "a")
    assert record["attributes"]["ApproximateReceiveCount"] == "2"
    assert record["attributes"]["MessageGroupId"] == "g"
    assert record["attributes"]["SequenceNumber"] == "0"
    assert record["messageAttributes"]["reason"]["stringValue"] == "late"
    assert record["eventSource"] == "aws:sqs"


def test_an_event_with_records_goes_to_the_handler_as_it_is() -> None:
    queue, worker = Messages("a"), Worker(failing("x"))
    event = {"Records": [{"messageId": "x", "body": "b"}]}
    answer = {"batchItemFailures": [{"itemIdentifier": "x"}]}
    assert Drain(worker, queue, SETTINGS)(event, None) == answer
    assert worker.batches == [event["Records"]]
    assert queue.waits == []


def test_without_a_queue_to_drain_the_handler_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker()
    monkeypatch.delenv("DRAIN_QUEUE_URL", raising=False)
    assert drained(worker) is worker
    monkeypatch.setenv("DRAIN_QUEUE_URL", "http://127.0.0.1:9/0/q.fifo")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    made = drained(worker)
    assert isinstance(made, Drain)
    with pytest.raises(DependencyDown, match="sqs did not answer"):
        made(SCHEDULED, Clock(60))
