"""The poller: Lambda's event shape, and offsets that follow what was done, never what failed."""

from __future__ import annotations

import base64
import threading
from typing import Any

from lambdas.transactions.records import batch_of
from local.kafka_poller import Event, FunctionFailed, Place, Record, done_up_to, event_of, poll


def record(partition: int, offset: int, key: str = "c1", value: bytes | None = b"{}") -> Record:
    return Record(Place("transactions", partition, offset), 1_700_000_000_000, key.encode(), value)


def failure(partition: str, offset: int) -> dict[str, Any]:
    return {"itemIdentifier": {"partition": partition, "offset": offset}}


def test_the_event_is_one_that_the_stream_reads() -> None:
    event = event_of([record(0, 7, value=b'{"a": 1}'), record(1, 3), record(0, 8, value=None)], "b:9092")
    assert (event["eventSource"], event["bootstrapServers"]) == ("SelfManagedKafka", "b:9092")
    assert list(event["records"]) == ["transactions-0", "transactions-1"]
    first = event["records"]["transactions-0"][0]
    assert first == {
        "topic": "transactions", "partition": 0, "offset": 7, "timestamp": 1_700_000_000_000,
        "timestampType": "CREATE_TIME", "key": base64.b64encode(b"c1").decode(),
        "value": base64.b64encode(b'{"a": 1}').decode(), "headers": [],
    }  # fmt: skip
    records = batch_of(event).records
    assert [r.content for r in records if isinstance(r.content, bytes)] == [b'{"a": 1}', b"{}"]
    assert len(records) == 3, "a tombstone is a record too: poison, with a reason"


def test_offsets_go_past_what_is_done_and_stay_at_what_failed() -> None:
    records = [record(0, 7), record(0, 8), record(1, 3), record(0, 9)]
    assert done_up_to(records, {}) == {("transactions", 0): 10, ("transactions", 1): 4}
    failed = {"batchItemFailures": [failure("transactions-0", 9), failure("transactions-0", 8)]}
    assert done_up_to(records, failed) == {("transactions", 0): 8, ("transactions", 1): 4}


class Topic:
    """What confluent-kafka's Consumer is to the poller, over a list of records."""

    def __init__(self, records: list[Record], stopping: threading.Event) -> None:
        self._records = records
        self._stopping = stopping
        self._at = 0
        self.committed: dict[int, int] = {}

    def consume(self, count: int, timeout: float) -> list[Any]:
        found = self._records[self._at : self._at + count]
        self._at += len(found)
        if not found:
            self._stopping.set()
        return [Given(one) for one in found]

    def commit(self, offsets: list[Any], asynchronous: bool) -> None:
        assert not asynchronous
        self.committed |= {each.partition: each.offset for each in offsets}

    def seek(self, to: Any) -> None:
        left = [r for r in self._records if r.place.partition == to.partition and r.place.offset >= to.offset]
        self._records = [*self._records[self._at :], *left]
        self._at = 0


class Given:
    """A message of confluent-kafka."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def error(self) -> None:
        return None

    def topic(self) -> str:
        return self._record.place.topic

    def partition(self) -> int:
        return self._record.place.partition

    def offset(self) -> int:
        return self._record.place.offset

    def timestamp(self) -> tuple[int, int]:
        return 1, self._record.at

    def key(self) -> bytes | None:
        return self._record.key

    def value(self) -> bytes | None:
        return self._record.value


class NoPause(threading.Event):
    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def test_what_failed_is_read_again_and_what_was_done_is_not() -> None:
    stopping = NoPause()
    topic = Topic([record(0, n) for n in range(4)], stopping)
    asked: list[list[int]] = []

    def invoke(event: Event) -> dict[str, Any]:
        asked.append([r["offset"] for r in event["records"]["transactions-0"]])
        return {"batchItemFailures": [failure("transactions-0", 2)]} if len(asked) == 1 else {}

    poll(topic, invoke, "b:1", stopping)  # type: ignore[arg-type]
    assert asked == [[0, 1, 2, 3], [2, 3]]
    assert topic.committed == {0: 4}


def test_a_function_that_fails_commits_nothing_away() -> None:
    stopping = NoPause()
    topic = Topic([record(0, 5), record(0, 6)], stopping)
    committed: list[dict[int, int]] = []

    def invoke(event: Event) -> dict[str, Any]:
        committed.append(dict(topic.committed))
        if len(committed) < 3:
            raise FunctionFailed("out of memory")
        return {}

    poll(topic, invoke, "b:1", stopping)  # type: ignore[arg-type]
    assert committed == [{}, {0: 5}, {0: 5}]
    assert topic.committed == {0: 7}
