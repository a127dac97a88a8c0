"""The records of a stream, whatever it is: SQS, Kinesis and Kafka events in one shape."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

from aws_lambda_powertools.utilities.batch import (
    BasePartialBatchProcessor,
    BatchProcessor,
    EventType,
    SqsFifoPartialProcessor,
)

from lambdas.core.errors import InvalidRequest

Raw = dict[str, Any]


class Record(NamedTuple):
    """One record: as Lambda sent it, its content (or why it has none), and what orders it: the card."""

    raw: Raw
    content: bytes | InvalidRequest
    group: str

    @property
    def name(self) -> str:
        """What tells this record from every other of its stream, and stays when it comes again."""
        of_a_queue_or_shard = self.raw.get("messageId") or self.raw.get("eventID")
        place = (self.raw.get(part) for part in ("topic", "partition", "offset"))
        return str(of_a_queue_or_shard or "-".join(map(str, place)))


class Batch(NamedTuple):
    """The records of one event in the order in which they came, and the processor that reports on them."""

    records: list[Record]
    processor: BasePartialBatchProcessor


def batch_of(event: Mapping[str, Any]) -> Batch:
    """The records of a Lambda `event`. Raises InvalidRequest for one of another source."""
    if isinstance(event.get("records"), dict):
        kafka = [raw for part in event["records"].values() for raw in part]
        return Batch(
            [Record(raw, _decoded(raw.get("value")), str(raw.get("key") or "")) for raw in kafka],
            BatchProcessor(EventType.Kafka, raise_on_entire_batch_failure=False),
        )
    raws = event.get("Records") or []
    source = raws[0].get("eventSource") if raws else None
    if source == "aws:sqs":
        processor = SqsFifoPartialProcessor(skip_group_on_error=True)
        processor.raise_on_entire_batch_failure = False
        return Batch([_sqs(raw) for raw in raws], processor)
    if source == "aws:kinesis":
        return Batch(
            [
                Record(raw, _decoded(raw["kinesis"].get("data")), str(raw["kinesis"].get("partitionKey")))
                for raw in raws
            ],
            BatchProcessor(EventType.KinesisDataStreams, raise_on_entire_batch_failure=False),
        )
    raise InvalidRequest(f"no stream sends such an event: {source or sorted(event)}")


def _sqs(raw: Raw) -> Record:
    group = raw.get("attributes", {}).get("MessageGroupId") or raw.get("messageId", "")
    return Record(raw, str(raw.get("body") or "").encode("utf-8", "surrogatepass"), str(group))


def _decoded(data: object) -> bytes | InvalidRequest:
    if not isinstance(data, str):
        return InvalidRequest("the record is empty", field="$")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return InvalidRequest("the record is not base64", field="$")
