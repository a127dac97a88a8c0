"""Updates on their way through a real FIFO queue: sent by us, taken by boto3 as Lambda would, folded."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from lambdas.core.aws import Message, Queue
from lambdas.transactions.later import CatchUpQueue, update_of
from lambdas.transactions.profile import decode
from lambdas.transactions.store.redis import RedisStore
from tests.support.transactions import Lines, offline, stream

pytestmark = pytest.mark.integration


@pytest.fixture
def queue_url(aws: str) -> Iterator[str]:
    client = boto3.client("sqs")
    url = client.create_queue(QueueName="catch-up.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    yield url
    client.delete_queue(QueueUrl=url)


def taken(url: str) -> list[dict[str, Any]]:
    """All messages, as records of Lambda's event."""
    client, records = boto3.client("sqs"), []
    while True:
        found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
        if not found.get("Messages"):
            return records
        for message in found["Messages"]:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            group = message["Attributes"]["MessageGroupId"]
            records.append({"messageId": message["MessageId"], "body": message["Body"], "group": group})


def test_messages_arrive_in_order_and_once(queue_url: str) -> None:
    messages = [Message(json.dumps({"n": k}), f"card-{k % 3}", f"id-{k}") for k in range(25)]
    queue = Queue(queue_url)
    assert queue.send(messages) == {}
    assert queue.send(messages[:5]) == {}  # the same ids: not delivered again
    records = taken(queue_url)
    assert len(records) == 25
    for group in range(3):
        mine = [record["body"] for record in records if record["group"] == f"card-{group}"]
        assert mine == [message.body for message in messages if message.group == f"card-{group}"]


def test_what_a_queue_does_not_take_is_told_by_index(queue_url: str) -> None:
    gone = Queue(queue_url.replace("catch-up", "gone"))
    refused = gone.send([Message("x", "g", f"i{k}") for k in range(12)])
    assert sorted(refused) == list(range(12))
    assert "NonExistentQueue" in refused[0] or "QueueDoesNotExist" in refused[0]


def test_a_queue_that_is_not_there_leaves_the_updates_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    log, updates = Lines(), stream(12, cards=2)
    CatchUpQueue(Queue("http://127.0.0.1:9/000000000000/q.fifo"), log).put(updates)
    assert [update_of(str(extra["update"])) for _, extra in log.lines] == updates


def test_the_function_behind_the_queue_folds_what_waited(
    queue_url: str, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("secretsmanager").create_secret(Name="valkey-url", SecretString=valkey_url)
    monkeypatch.setenv("CATCH_UP_QUEUE_URL", queue_url)
    monkeypatch.setenv("FEATURE_STORE_SECRET", "valkey-url")
    monkeypatch.setenv("FEATURE_STORE_TIMEOUT_MS", "5000")
    sys.modules.pop("lambdas.transactions.catch_up", None)
    handle = importlib.import_module("lambdas.transactions.catch_up").handle
    updates = stream(45, cards=4)
    CatchUpQueue(Queue(queue_url), Lines()).put(updates)
    records = taken(queue_url)
    for start in range(0, len(records), 10):
        assert handle({"Records": records[start : start + 10]}, None) == {"batchItemFailures": []}
    profiles = offline(updates)[1]
    found = RedisStore(lambda: valkey_url, timeout=5.0).read([f"card:{name}" for name in profiles])
    assert [decode(each.data) for each in found] == list(profiles.values())
