"""Reads the decision log page by page, no faster than its capacity allows, until the budget is used up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from lambdas.core.decision_log import Table
from lambdas.core.errors import DependencyDown

PAGE: Final = 25
"""Items a call: at 20 kB each they are 63 read units, as the table's unused capacity of a minute has."""


WANTED: Final = ("service", "source", "outcome", "pending", "asked", "label")


@dataclass
class Scan:
    """`units` are read units a second, of the table's 5; `seconds` and `items` bound the whole reading.

    After it was gone through, `read` is how many items were looked at and `complete` whether those were all.
    """

    table: str
    dynamo: Table
    service: str
    units: float
    seconds: float
    items: int
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    read: int = 0
    complete: bool = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The service's items, as DynamoDB gives them. Raises DependencyDown when the first page fails."""
        started, start = self.clock(), None
        while self.read < self.items:
            try:
                page = self._page(start)
            except DependencyDown:
                if not self.read:
                    raise
                return
            self.read += int(page.get("ScannedCount", 0))
            yield from page.get("Items", ())
            start = page.get("LastEvaluatedKey")
            if start is None:
                self.complete = True
                return
            rest = float(page.get("ConsumedCapacity", {}).get("CapacityUnits", PAGE)) / self.units
            if self.clock() - started + rest >= self.seconds:
                return
            self.wait(rest)

    def _page(self, start: dict[str, Any] | None) -> dict[str, Any]:
        request: dict[str, Any] = {
            "TableName": self.table,
            "Limit": PAGE,
            "FilterExpression": "#service = :service",
            "ProjectionExpression": ", ".join(f"#{name}" for name in WANTED),
            "ExpressionAttributeNames": {f"#{name}": name for name in WANTED},
            "ExpressionAttributeValues": {":service": {"S": self.service}},
            "ReturnConsumedCapacity": "TOTAL",
        }
        return self.dynamo.call("Scan", {**request, **({"ExclusiveStartKey": start} if start else {})})
