"""Puts transactions on the laptop's stream, and waits until they are decided."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from lambdas.core.aws import message_group
from lambdas.core.service import decision_id
from local import kafka
from local.daemon import Daemon
from local.environment import client
from local.errors import CallFailed, Misused
from local.events import Event

AT_ONCE = 10
LOOKED_UP_AT_ONCE = 100
QUIET_SECONDS = 30.0
"""Without one decision more in that time, waiting ends."""
SERVICE = "transactions"

Told = Callable[[int], None]


def to_queue(endpoint: str, url: str, events: Iterable[Event], told: Told) -> list[str]:
    """Send `events` to the FIFO queue, ten at a time; the transactions' ids. `told` hears how many are sent.

    Raises CallFailed when the queue refuses one.
    """
    sqs = client("sqs", endpoint)
    sent: list[str] = []
    iterator = iter(events)
    while part := list(islice(iterator, AT_ONCE)):
        entries = [
            {
                "Id": str(number),
                "MessageBody": event.body,
                "MessageGroupId": message_group(event.card),
                # Of the content, not of the id alone: other content under the same id must reach the
                # function, which refuses it, and not be dropped by SQS in silence.
                "MessageDeduplicationId": hashlib.sha256(event.body.encode()).hexdigest(),
            }
            for number, event in enumerate(part)
        ]
        answer = sqs.send_message_batch(QueueUrl=queue_url(sqs, url), Entries=entries)
        for refused in answer.get("Failed") or ():
            raise CallFailed(f"the queue refused {part[int(refused['Id'])].own}: {refused.get('Message')}")
        sent += [event.own for event in part]
        told(len(sent))
    return sent


def to_kafka(broker: Daemon | None, events: Iterable[Event], told: Told) -> list[str]:
    """Write `events` to the broker's topic, keyed by card; the ids. Raises Misused, CallFailed."""
    from confluent_kafka import Producer  # noqa: PLC0415 - only this needs it

    if broker is None:
        raise Misused("The Kafka broker is not running. Start it with: make up STREAM=kafka")
    failed: list[str] = []
    producer = Producer({"bootstrap.servers": kafka.bootstrap(broker), "linger.ms": 5, "log_level": 2})

    def delivered(error: object, _: object) -> None:
        if error is not None:
            failed.append(str(error))

    sent: list[str] = []
    for event in events:
        producer.produce(kafka.TOPIC, value=event.body, key=event.card, on_delivery=delivered)
        producer.poll(0)
        sent.append(event.own)
        told(len(sent))
    if producer.flush(30) or failed:
        raise CallFailed(f"the broker did not take every record: {failed[:1] or 'no answer'}")
    return sent


def decided(endpoint: str, table: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The decision log's items of those of `ids` that are decided, by transaction id."""
    dynamo = client("dynamodb", endpoint)
    found: dict[str, dict[str, Any]] = {}
    names = {decision_id(SERVICE, own): own for own in ids}
    keys = list(names)
    for start in range(0, len(keys), LOOKED_UP_AT_ONCE):
        wanted: Any = {
            table: {"Keys": [{"id": {"S": key}} for key in keys[start : start + LOOKED_UP_AT_ONCE]]}
        }
        while wanted:
            answer = dynamo.batch_get_item(RequestItems=wanted)
            for item in answer["Responses"].get(table, ()):
                found[names[item["id"]["S"]]] = item
            wanted = answer.get("UnprocessedKeys")
    return found


def wait(
    endpoint: str, table: str, ids: Sequence[str], refused: Callable[[], int], told: Told
) -> dict[str, dict[str, Any]]:
    """The items of all `ids`, once each is decided or lies among the dead letters.

    `refused` counts those that lie there. Returns what there is when nothing more comes for QUIET_SECONDS.
    """
    found: dict[str, dict[str, Any]] = {}
    changed = time.monotonic()
    while True:
        new = decided(endpoint, table, [own for own in ids if own not in found])
        if new:
            found |= new
            changed = time.monotonic()
        told(len(found))
        if len(found) + refused() >= len(ids) or time.monotonic() - changed > QUIET_SECONDS:
            return found
        time.sleep(0.1)


def queue_url(sqs: Any, url: str) -> str:
    """The URL of the queue today: the one in the outputs has the port of the day it was deployed."""
    return str(sqs.get_queue_url(QueueName=url.rstrip("/").rsplit("/", 1)[-1])["QueueUrl"])


def waiting(endpoint: str, url: str) -> int:
    """How many messages are in a queue."""
    sqs = client("sqs", endpoint)
    wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=queue_url(sqs, url), AttributeNames=wanted)["Attributes"]
    return sum(int(found[name]) for name in wanted)
