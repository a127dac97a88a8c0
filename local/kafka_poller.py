"""What Lambda's own pollers do for a self-managed Kafka: read a topic, invoke the function, then commit.

`python -m local.kafka_poller`, started by local/kafka.py. It runs until it is told to end. The event has the
shape of https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html, and so has the partial batch response.
It takes all partitions itself: it is the only reader, and the broker's group membership is not needed.
"""

from __future__ import annotations

import argparse
import base64
import json
import signal
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from local.environment import client

BATCH = 100
PAUSE_SECONDS = 1.0
_FROM_THE_BEGINNING = 0

Event = dict[str, Any]


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


class Record(NamedTuple):
    """One record of a topic, and when it was made, in milliseconds since 1970."""

    place: Place
    at: int
    key: bytes | None
    value: bytes | None


class Invokes(Protocol):
    """Calls the function."""

    def __call__(self, event: Event) -> dict[str, Any]:
        """Its answer; raises FunctionFailed."""
        ...


class FunctionFailed(Exception):
    """The function ended with an error, or could not be invoked."""


def event_of(records: Sequence[Record], bootstrap: str) -> Event:
    """The event that Lambda would send for `records`."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        place = record.place
        parts.setdefault(_part(place), []).append(
            {
                "topic": place.topic,
                "partition": place.partition,
                "offset": place.offset,
                "timestamp": record.at,
                "timestampType": "CREATE_TIME",
                "key": None if record.key is None else base64.b64encode(record.key).decode(),
                "value": None if record.value is None else base64.b64encode(record.value).decode(),
                "headers": [],
            }
        )
    return {"eventSource": "SelfManagedKafka", "bootstrapServers": bootstrap, "records": parts}


def done_up_to(records: Sequence[Record], answer: dict[str, Any]) -> dict[tuple[str, int], int]:
    """For each partition the offset to go on from: after its last record, or at its first failed one."""
    reached: dict[tuple[str, int], int] = {}
    for record in records:
        reached[record.place.topic, record.place.partition] = record.place.offset + 1
    names = {f"{topic}-{partition}": (topic, partition) for topic, partition in reached}
    for failure in answer.get("batchItemFailures") or ():
        named = failure["itemIdentifier"]
        partition = names[str(named["partition"])]
        reached[partition] = min(reached[partition], int(named["offset"]))
    return reached


def poll(consumer: Consumer, invoke: Invokes, bootstrap: str, stopping: threading.Event) -> None:
    """Work off batches until `stopping`. What failed is read again, what stands before it is done."""
    while not stopping.is_set():
        records = [_record(m) for m in consumer.consume(BATCH, timeout=0.2) if m.error() is None]
        if not records:
            continue
        try:
            answer = invoke(event_of(records, bootstrap))
        except FunctionFailed as error:
            _say(f"the function failed, so all {len(records)} records come again: {error}")
            answer = {"batchItemFailures": [_failure(record.place) for record in _first_of_each(records)]}
        reached = done_up_to(records, answer)
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in reached.items()]
        consumer.commit(offsets=offsets, asynchronous=False)
        if answer.get("batchItemFailures"):
            for offset in offsets:
                consumer.seek(offset)
            stopping.wait(PAUSE_SECONDS)
        else:
            _say(f"{len(records)} records worked off")


def _first_of_each(records: Sequence[Record]) -> list[Record]:
    first: dict[str, Record] = {}
    for record in records:
        first.setdefault(_part(record.place), record)
    return list(first.values())


def _part(place: Place) -> str:
    return f"{place.topic}-{place.partition}"


def _failure(place: Place) -> dict[str, Any]:
    return {"itemIdentifier": {"partition": _part(place), "offset": place.offset}}


def _record(message: Message) -> Record:
    place = Place(str(message.topic()), int(message.partition() or 0), int(message.offset() or 0))
    kind, at = message.timestamp()
    made = int(at) if kind else int(time.time() * 1000)
    return Record(place, made, _bytes(message.key()), _bytes(message.value()))


def _bytes(found: Any) -> bytes | None:
    return found.encode() if isinstance(found, str) else found


def _say(text: str) -> None:
    print(text, flush=True)


class Lambda:
    """Invokes one function of the embedded AWS and waits for its answer."""

    def __init__(self, endpoint: str, function: str) -> None:
        self._client = client("lambda", endpoint)
        self._function = function

    def __call__(self, event: Event) -> dict[str, Any]:
        """Its answer; raises FunctionFailed."""
        try:
            found = self._client.invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
            answer = json.loads(found["Payload"].read() or b"{}")
        except Exception as error:  # whatever it is, the records must not be committed
            raise FunctionFailed(str(error)) from error
        if found.get("FunctionError"):
            raise FunctionFailed(json.dumps(answer)[:500])
        return answer if isinstance(answer, dict) else {}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.kafka_poller", description=__doc__)
    for name in ("bootstrap", "topic", "function", "endpoint"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args(arguments)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    consumer = Consumer(
        {
            "bootstrap.servers": options.bootstrap,
            "group.id": options.function,
            "enable.auto.commit": False,
            "log_level": 2,
        }
    )
    try:
        consumer.assign(_partitions(consumer, options.topic))
        _say(f"reading {options.topic} at {options.bootstrap} for {options.function}")
        poll(consumer, Lambda(options.endpoint, options.function), options.bootstrap, stopping)
    except KafkaException as error:
        _say(f"the broker does not answer any more: {error}")
        return 1
    finally:
        consumer.close()
    return 0


def _partitions(consumer: Consumer, topic: str) -> list[TopicPartition]:
    """Every partition of `topic`, from where the last commit was."""
    found = consumer.list_topics(topic, timeout=20).topics[topic].partitions
    committed = consumer.committed([TopicPartition(topic, number) for number in found], timeout=20)
    for each in committed:
        each.offset = max(each.offset, _FROM_THE_BEGINNING)
    return list(committed)


if __name__ == "__main__":
    raise SystemExit(main())
