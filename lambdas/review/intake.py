"""From the decision log's stream into the queue: decisions that are marked for people, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from lambdas.core.decide import stamp, utc_now
from lambdas.core.errors import DependencyDown
from lambdas.core.telemetry import Telemetry
from lambdas.review.item import Detail, Item
from lambdas.review.tables import Lost, Tables

TRIES: Final = 8
"""Two seconds: a burst of decisions may use up the units, and the stream can wait."""
KINDS: Final = {"review": "review", "sample": "sample"}
"""The values of the log's attribute `queue`, and the kinds of item they make."""


class Intake:
    """A Lambda handler over the log's DynamoDB stream."""

    def __init__(self, tables: Tables, telemetry: Telemetry, now: Callable[[], datetime] = utc_now) -> None:
        self._tables = tables
        self._telemetry = telemetry
        self._now = now

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The partial batch response: from the first record on that the queue did not take."""
        self._telemetry.request(context)
        for record in event.get("Records") or ():
            try:
                self._take(record)
            except DependencyDown as error:
                self._telemetry.log.warning("the review queue is down", extra={"detail": error.detail})
                return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        return {"batchItemFailures": []}

    def _take(self, record: Mapping[str, Any]) -> None:
        image = record.get("dynamodb", {}).get("NewImage") or {}
        kind = KINDS.get(image.get("queue", {}).get("S", ""))
        # What has a label was looked at already: this is the label being written.
        if kind is None or "label" in image:
            return
        try:
            item = _item(image, kind)
        except (KeyError, ValueError) as error:
            # Trying again would stop every later decision, and the log still has this one.
            self._telemetry.log.error(
                "a decision that cannot be queued", extra={"detail": repr(error), "decision": image.get("id")}
            )
            return
        step = self._tables.step(None, item, who="triage", action="queued", at=stamp(self._now()))
        try:
            self._tables.write([step], tries=TRIES)
        except Lost as error:
            if not error.refused:
                raise DependencyDown(error.detail) from error
            # It is in the queue already: the stream brings a record again now and then.


def _item(image: Mapping[str, Any], kind: Any) -> Item:
    return Item(
        id=image["id"]["S"],
        decision_id=image["id"]["S"],
        service=image["service"]["S"],
        kind=kind,
        severity=min(9, max(0, int(image.get("severity", {}).get("N", 3)))),
        created_at=image["at"]["S"],
        expires=int(image["expires"]["N"]),
        detail=Detail(outcome=image["outcome"]["S"]),
    )
