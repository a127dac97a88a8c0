"""A FIFO queue of a real server, emptied by the runs of a schedule: order, failures, and the dead letters."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from lambdas.core.aws import Message, Queue, Started
from lambdas.core.drain import drained
from lambdas.core.errors import DependencyDown
from lambdas.transactions.later import CatchUpQueue
from lambdas.transactions.profile import decode
from lambdas.transactions.store.redis import RedisStore
from tests.support.transactions import Lines, offline, stream

pytestmark = pytest.mark.integration

RECEIVES = 3
VISIBILITY = 3
"""Seconds; longer than a run waits for more."""
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event"}


class Minute:
    """Lambda's context: a minute, from now on."""

    def __init__(self) -> None:
        self._end = time.monotonic() + 60

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self._end - time.monotonic()))


@pytest.fixture
def queue(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """The queue that the environment names as the one to drain; its dead letters are `<name>-dlq.fifo`."""
    client = boto3.client("sqs")
    dead = client.create_queue(QueueName="work-dlq.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = client.create_queue(
        QueueName="work.fifo",
        Attributes={
            "FifoQueue": "true",
            "VisibilityTimeout": str(VISIBILITY),
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES}),
        },
    )["QueueUrl"]
    monkeypatch.setenv("DRAIN_QUEUE_URL", url)
    yield Queue(url)
    client.delete_queue(QueueUrl=url)
    client.delete_queue(QueueUrl=dead)


def dead_letters(queue: Queue) -> list[str]:
    found = boto3.client("sqs").receive_message(
        QueueUrl=queue.url.replace("work.fifo", "work-dlq.fifo"), MaxNumberOfMessages=10
    )
    return [message["Body"] for message in found.get("Messages", [])]


def test_runs_empty_the_queue_in_the_order_of_each_group(queue: Queue) -> None:
    messages = [Message(f"{k}", f"g{k % 3}", f"id{k}", {"reason": "late"}) for k in range(25)]
    assert queue.send(messages) == {}
    seen: list[dict[str, Any]] = []
    run = drained(lambda event, context: seen.extend(event["Records"]))
    assert run(SCHEDULED, Minute()) == {"done": 25, "failed": 0}
    for group in range(3):
        bodies = [r["body"] for r in seen if r["attributes"]["MessageGroupId"] == f"g{group}"]
        assert bodies == [m.body for m in messages if m.group == f"g{group}"]
    assert {r["attributes"]["ApproximateReceiveCount"] for r in seen} == {"1"}
    assert all(int(r["attributes"]["SequenceNumber"]) > 0 for r in seen)
    assert {r["messageAttributes"]["reason"]["stringValue"] for r in seen} == {"late"}
    assert queue.depth() == 0
    assert run(SCHEDULED, Minute()) == {"done": 0, "failed": 0}


def test_a_failed_message_holds_its_group_back_and_dies_after_so_many_receives(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with Lambda's own poller: the handler fails the rest of a card, and SQS keeps what it has not given
    out."""
    monkeypatch.setenv("DRAIN_BATCH", "1")
    bad = Message("bad 0", "bad", "bad0")
    queue.send([bad, Message("bad 1", "bad", "bad1"), *(Message(f"{k}", "good", f"{k}") for k in range(3))])
    seen: list[tuple[str, str]] = []

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        (record,) = event["Records"]
        seen.append((record["body"], record["attributes"]["ApproximateReceiveCount"]))
        failed = [{"itemIdentifier": record["messageId"]}] if record["body"] == "bad 0" else []
        return {"batchItemFailures": failed}

    run = drained(handle)
    assert run(SCHEDULED, Minute()) == {"done": 0, "failed": 1}, "nothing else of a batch of one"
    assert run(SCHEDULED, Minute()) == {"done": 3, "failed": 0}, "another group goes on, the card waits"
    assert seen == [("bad 0", "1"), ("0", "1"), ("1", "1"), ("2", "1")]
    for _ in range(RECEIVES - 1):
        time.sleep(VISIBILITY + 0.2)
        assert run(SCHEDULED, Minute()) == {"done": 0, "failed": 1}
    time.sleep(VISIBILITY + 0.2)
    assert run(SCHEDULED, Minute()) == {"done": 1, "failed": 0}
    assert seen[4:] == [("bad 0", "2"), ("bad 0", "3"), ("bad 1", "1")]
    assert dead_letters(queue) == ["bad 0"]


def test_two_runs_at_a_time_never_work_on_one_group(queue: Queue) -> None:
    """EventBridge may start one while the last is still at it: what that one has is not given out again."""
    queue.send([Message(f"{k}", "card", f"{k}") for k in range(12)])
    seen: list[str] = []

    def handle(event: dict[str, Any], context: Any) -> None:
        seen.extend(record["body"] for record in event["Records"])
        if len(seen) == 10:
            assert other(SCHEDULED, Minute()) == {"done": 0, "failed": 0}

    other = drained(lambda event, context: pytest.fail("the group is being worked on"))
    assert drained(handle)(SCHEDULED, Minute()) == {"done": 12, "failed": 0}
    assert seen == [f"{k}" for k in range(12)]


def test_the_catch_up_function_drains_its_queue(
    queue: Queue, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("secretsmanager").create_secret(Name="drain-valkey", SecretString=valkey_url)
    monkeypatch.setenv("CATCH_UP_QUEUE_URL", queue.url)
    monkeypatch.setenv("FEATURE_STORE_SECRET", "drain-valkey")
    monkeypatch.setenv("FEATURE_STORE_TIMEOUT_MS", "5000")
    sys.modules.pop("lambdas.transactions.catch_up", None)
    handle = importlib.import_module("lambdas.transactions.catch_up").handle
    sys.modules.pop("lambdas.transactions.catch_up", None)
    updates = stream(45, cards=4)
    CatchUpQueue(queue, Lines()).put(updates)
    assert handle(SCHEDULED, Minute()) == {"done": 45, "failed": 0}
    profiles = offline(updates)[1]
    found = RedisStore(lambda: valkey_url, timeout=5.0).read([f"card:{name}" for name in profiles])
    assert [decode(each.data) for each in found] == list(profiles.values())


def test_the_learner_drops_the_labels_of_other_services(
    queue: Queue, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the filter of its event source mapping does: it looks neither at its memory nor at the decision."""
    for name in ("DECISIONS_TABLE", "FEATURE_TABLE"):
        monkeypatch.setenv(name, "no-such-table")
    monkeypatch.setenv("ARTIFACTS_BUCKET", "triage-test")
    monkeypatch.setenv("CATCH_UP_QUEUE_URL", queue.url)
    sys.modules.pop("lambdas.transactions.learning.handler", None)
    handle = importlib.import_module("lambdas.transactions.learning.handler").handle
    sys.modules.pop("lambdas.transactions.learning.handler", None)
    bodies = [json.dumps({"service": "tickets", "decision_id": "d", "label": "billing"}), "no label"]
    queue.send([Message(body, f"g{k}", f"i{k}") for k, body in enumerate(bodies)])
    assert handle(SCHEDULED, Minute()) == {"done": 2, "failed": 0}
    assert "Contents" not in bucket.list_objects_v2(Bucket="triage-test", Prefix="transactions/learning/")
    # Its own is looked up, and waits, because the log does not answer.
    own = {"service": "transactions", "decision_id": "d", "label": "fraud", "by": "me"}
    queue.send([Message(json.dumps({**own, "at": "2026-01-01T00:00:00Z"}), "own", "own")])
    assert handle(SCHEDULED, Minute()) == {"done": 0, "failed": 1}


def test_a_function_is_started_by_its_name(aws: str) -> None:
    with pytest.raises(DependencyDown, match="lambda answered 404"):
        Started("triage-nobody").start({"wait_seconds": 5})


def test_a_message_that_cannot_be_deleted_is_told(queue: Queue) -> None:
    with pytest.raises(DependencyDown, match="sqs"):
        queue.delete(["no-such-receipt"])
