"""From the decision log's stream to people: first into their queue, then to the topic of alerts.

One function does both: a shard of the stream feeds two readers at most, and the observer is the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Part = Callable[[Mapping[str, Any], Any], dict[str, Any]]
"""A handler of the stream's records that answers with the partial batch response."""


class Outflow:
    """A Lambda handler over the log's DynamoDB stream.

    Only what is in the queue is told. What the queue refuses comes again from there on, and so does what the
    topic refuses, which the queue then knows already: so neither is lost, and no alert is sent again for a
    record that went through. A function that dies half-way may send the alerts of its batch again.
    """

    def __init__(self, queued: Part, told: Part) -> None:
        self._queued = queued
        self._told = told

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The partial batch response: from the first record on that either did not take."""
        refused = self._queued(event, context)
        records = event.get("Records") or ()
        again = [each["itemIdentifier"] for each in refused["batchItemFailures"]]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        done = records[: numbers.index(again[0])] if again else records
        late = self._told({"Records": done}, context)
        return late if late["batchItemFailures"] else refused
