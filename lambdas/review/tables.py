"""The two tables of the queue: the items with their index, and the audit log."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from lambdas.core.decision_log import Table
from lambdas.core.errors import DependencyDown, NotFound, PreconditionFailed, TriageError
from lambdas.review import audit, item
from lambdas.review.item import Item

INDEX: Final = "line"
"""The index by line and rank."""
TRIES: Final = 6
"""Of a write that another transaction got in the way of, or that there were no units for: neither says that a
condition is false."""
_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 1.0
_PASSING: Final = {"TransactionConflict"}
_BUSY: Final = {"ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}

Write = dict[str, Any]
"""One entry of `TransactItems`."""


def counters_of(service: str) -> str:
    """The key of a service's counters, which are in the items' table and are no item."""
    return f"counters#{service}"


class Lost(TriageError):
    """Somebody else changed it first. `refused` is what stands there, by place in the transaction."""

    status = 409
    title = "Conflict"

    def __init__(self, detail: str, refused: dict[int, dict[str, Any]] | None = None) -> None:
        super().__init__(detail)
        self.refused = refused or {}


class Place(NamedTuple):
    """Where in a line a reader is: after the item with this rank and id."""

    rank: str
    id: str


class Step(NamedTuple):
    """A change that is to be written: the item as it will be, and the writes of it and of its audit entry."""

    item: Item
    writes: list[Write]


class Tables:
    """Reads and writes both tables; every write of an item goes with its audit entry or not at all."""

    def __init__(
        self,
        dynamo: Table,
        *,
        reviews: str,
        audit: str,
        told: Callable[[Item], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`told` hears of each item that was changed."""
        self._dynamo = dynamo
        self.reviews = reviews
        self.audit = audit
        self._told = told
        self._sleep = sleep

    def find(self, review_id: str) -> Item | None:
        """The item as the last write left it, if there is one. Raises DependencyDown."""
        key = {"id": {"S": review_id}}
        answer = self._dynamo.call("GetItem", {"TableName": self.reviews, "Key": key, "ConsistentRead": True})
        return item.decoded(answer["Item"]) if "kind" in answer.get("Item", {}) else None

    def get(self, review_id: str) -> Item:
        """The item. Raises NotFound, DependencyDown."""
        found = self.find(review_id)
        if found is None:
            raise NotFound(f"there is no review '{review_id}': it never was, or it has expired")
        return found

    def counters(self, service: str) -> dict[str, Any]:
        """The counters of agreement.py of a service, as DynamoDB's attributes; empty before the first."""
        request = {"TableName": self.reviews, "Key": {"id": {"S": counters_of(service)}}}
        found: dict[str, Any] = self._dynamo.call("GetItem", request).get("Item", {})
        return found

    def line(
        self,
        line: str,
        *,
        limit: int,
        after: Place | None = None,
        below: str | None = None,
        newest_first: bool = False,
    ) -> tuple[list[Item], Place | None]:
        """Up to `limit` items of `line` by rank, from `after` on, those with a rank below `below` if given.

        They come without their details and may be moments old. Also returns where to go on, None at the end.
        """
        request: dict[str, Any] = {
            "TableName": self.reviews,
            "IndexName": INDEX,
            "KeyConditionExpression": "#line = :line" + (" AND #rank < :below" if below else ""),
            "ExpressionAttributeNames": {"#line": "line", **({"#rank": "rank"} if below else {})},
            "ExpressionAttributeValues": {
                ":line": {"S": line},
                **({":below": {"S": below}} if below else {}),
            },
            "ScanIndexForward": not newest_first,
            "Limit": limit,
        }
        if after:
            request["ExclusiveStartKey"] = {
                "id": {"S": after.id},
                "line": {"S": line},
                "rank": {"S": after.rank},
            }
        answer = self._dynamo.call("Query", request)
        last = answer.get("LastEvaluatedKey")
        found = [item.decoded(each) for each in answer.get("Items") or ()]
        return found, Place(last["rank"]["S"], last["id"]["S"]) if last else None

    def history(self, review_id: str) -> list[audit.Entry]:
        """All entries of the item's chain, in order."""
        found: list[audit.Entry] = []
        request: dict[str, Any] = {
            "TableName": self.audit,
            "KeyConditionExpression": "#review = :review",
            "ExpressionAttributeNames": {"#review": "review"},
            "ExpressionAttributeValues": {":review": {"S": review_id}},
            "ConsistentRead": True,
        }
        while True:
            answer = self._dynamo.call("Query", request)
            found += [audit.decoded(each) for each in answer.get("Items") or ()]
            if not answer.get("LastEvaluatedKey"):
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def step(
        self,
        before: Item | None,
        after: Item,
        *,
        who: str,
        action: str,
        at: str,
        note: str = "",
        root: str = item.GENESIS,
    ) -> Step:
        """The change of `before` (None: a new item, whose chain follows `root`) into `after`."""
        entry = audit.Entry(
            review=after.id,
            seq=before.seq + 1 if before else 0,
            decision=after.decision_id,
            at=at,
            who=who,
            action=action,
            note=note,
            before=before.seen() if before else {},
            after=after.seen(),
            previous_hash=before.hash if before else root,
        ).sealed()
        changed = replace(after, seq=entry.seq, hash=entry.hash)
        kept = {
            "Put": {
                "TableName": self.audit,
                "Item": audit.encoded(entry),
                "ConditionExpression": "attribute_not_exists(#review)",
                "ExpressionAttributeNames": {"#review": "review"},
            }
        }
        return Step(changed, [self._write(before, changed), kept])

    def _write(self, before: Item | None, after: Item) -> Write:
        new = item.encoded(after)
        told = {"TableName": self.reviews, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if before is None:
            return {"Put": {**told, "Item": new, "ConditionExpression": "attribute_not_exists(id)"}}
        old = item.encoded(before)
        sets = {name: value for name, value in new.items() if old.get(name) != value}
        gone = [name for name in old if name not in new]
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in sets)
        if gone:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in gone)
        return {
            "Update": {
                **told,
                "Key": {"id": {"S": after.id}},
                "UpdateExpression": expression,
                # Every change makes a new `seq`, so nothing has changed when it is still the same.
                "ConditionExpression": "#seq = :before",
                "ExpressionAttributeNames": {f"#{name}": name for name in (*sets, *gone)},
                "ExpressionAttributeValues": {
                    **{f":{name}": value for name, value in sets.items()},
                    ":before": {"N": str(before.seq)},
                },
            }
        }

    def write(self, steps: Sequence[Step], also: Sequence[Write] = (), *, tries: int = TRIES) -> None:
        """Write all `steps` and what is `also` to be written, or nothing.

        Raises Lost when a condition was false, or another transaction was in the way `tries` times in a row;
        DependencyDown when the table was too busy as often, or does not answer.
        """
        writes = [write for step in steps for write in step.writes]
        # With the token a call that is sent again after its answer was lost counts once.
        request = {"TransactItems": [*writes, *also], "ClientRequestToken": secrets.token_hex(16)}
        for attempt in range(tries):
            if attempt:
                pause = min(_LONGEST_PAUSE, _PAUSE * 2**attempt)
                self._sleep(pause * (0.5 + random.random()))  # noqa: S311 - no secret
            try:
                self._dynamo.call("TransactWriteItems", request)
            except PreconditionFailed as error:
                codes, refused = _refused(error)
                if refused or not codes <= _PASSING | _BUSY:
                    raise Lost("somebody else changed it first: look again", refused) from error
                if codes & _BUSY and attempt + 1 == tries:
                    raise DependencyDown(f"the review queue is busy: {', '.join(sorted(codes))}") from error
            else:
                for step in steps:
                    self._told(step.item)
                return
        raise Lost("somebody else is changing it: try again")


def _refused(error: PreconditionFailed) -> tuple[set[str], dict[int, dict[str, Any]]]:
    """The codes of a cancelled transaction, and what stands where a condition was false, by place."""
    reasons = error.current.get("CancellationReasons") or [] if isinstance(error.current, dict) else []
    codes = {str(reason.get("Code")) for reason in reasons} - {"None"}
    return codes, {
        place: reason.get("Item") or {}
        for place, reason in enumerate(reasons)
        if reason.get("Code") == "ConditionalCheckFailed"
    }
