"""The verdicts in the decision log: decisions of a service that people have labelled.

The log is read by Scan, page after page, no faster than a part of its capacity: its 5 read units also serve
explanations and labels. A month of decisions may take minutes; that is said while it goes on.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from model_build.errors import BuildError
from model_build.service import Progress, quiet

PAGE: Final = 50
UNITS: Final = 3.0
"""Read units a second, of the table's 5."""


class LogUnreadable(BuildError):
    """The decision log cannot be read; the message says what to do."""


class Verdict(msgspec.Struct, frozen=True):
    """A labelled decision: the JSON of what was asked and answered, and what a person says of it."""

    decision_id: str
    label: str
    at: str
    asked: dict[str, Any]
    answer: dict[str, Any]


def read_verdicts(
    client: Any,
    table: str,
    service: str,
    *,
    most: int,
    units: float = UNITS,
    wait: Callable[[float], None] = time.sleep,
    progress: Progress = quiet,
) -> list[Verdict]:
    """The newest `most` verdicts on decisions of `service`, oldest first. Raises LogUnreadable."""
    newest: list[tuple[str, str, Verdict]] = []
    read = 0
    try:
        total = int(client.describe_table(TableName=table)["Table"].get("ItemCount", 0))
        for page in _pages(client, table, service, units, wait):
            read += int(page.get("ScannedCount", 0))
            progress(read, max(total, read))
            for item in page.get("Items", ()):
                verdict = _verdict(item)
                if verdict is None:
                    continue
                keep = heapq.heappush if len(newest) < most else heapq.heappushpop
                keep(newest, (verdict.at, verdict.decision_id, verdict))
    except (ClientError, BotoCoreError) as error:
        raise LogUnreadable(f"the decision log {table} cannot be read: {error}") from error
    return [verdict for _, _, verdict in sorted(newest, key=lambda each: each[:2])]


def _pages(
    client: Any, table: str, service: str, units: float, wait: Callable[[float], None]
) -> Iterator[dict[str, Any]]:
    names = ("service", "label", "id", "asked", "answer", "label_at")
    request: dict[str, Any] = {
        "TableName": table,
        "Limit": PAGE,
        "FilterExpression": "#service = :service AND attribute_exists(#label)",
        "ProjectionExpression": ", ".join(f"#{name}" for name in names),
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": {":service": {"S": service}},
        "ReturnConsumedCapacity": "TOTAL",
    }
    while True:
        page = client.scan(**request)
        yield page
        start = page.get("LastEvaluatedKey")
        if start is None:
            return
        request["ExclusiveStartKey"] = start
        wait(float(page.get("ConsumedCapacity", {}).get("CapacityUnits", PAGE)) / units)


def _verdict(item: dict[str, Any]) -> Verdict | None:
    """The verdict in an item; None for one that is not what the log writes."""
    try:
        asked, answer = (msgspec.json.decode(item[name]["S"]) for name in ("asked", "answer"))
        return Verdict(item["id"]["S"], item["label"]["S"], item["label_at"]["S"], asked, answer)
    except (KeyError, msgspec.DecodeError):
        return None
