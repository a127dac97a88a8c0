"""One DynamoDB item a decision, written on the condition that its id is new.

So a retried request gets the answer it got before and counts once. The item holds what review,
learning, drift and A/B reports read, and goes by itself when `expires` has passed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from lambdas.core.errors import Conflict, DependencyDown, NotFound, PreconditionFailed
from lambdas.core.marks import Marks, queue_of
from lambdas.core.schema import Decision
from lambdas.core.variant import Variant

TRANSACTION_ITEMS = 100
ONE_BY_ONE = 10
"""Up to so many are written one by one, the most that SQS delivers in order: a transaction is a single round
trip, and costs twice the write units."""
TRANSACTION_BYTES = 3_000_000  # DynamoDB's limit is 4 MB, its own overhead counted


class Compared(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the variant that did not answer says of a decision; no `outcome` when it failed.

    `ms` is its model's time for it.
    """

    version: str
    outcome: str | None = None
    review: bool = False
    confidence: float = 0.0
    ms: float | None = None


class Entry(msgspec.Struct, frozen=True):
    """A decision to write: its id, a digest and the JSON of what was asked, and what was answered.

    `sample` is the share of the clear decisions that people look at all the same, 0 to 1. `assigned` is the
    variant that the entity falls to, whoever answered, and `assigned_version` that one's bundle. `ms` is the
    model's time for it, None where it cannot be told; `other` what the variant says that did not answer,
    where it was asked.
    """

    decision: Decision
    digest: str
    asked: bytes
    service: str
    entity: str | None
    marks: Marks = Marks()
    sample: float = 0.0
    assigned: Variant = "champion"
    assigned_version: str | None = None
    ms: float | None = None
    other: Compared | None = None


class Stored(msgspec.Struct, frozen=True):
    """What the log held already under an id: the digest of its request, and the answer's JSON."""

    digest: str
    answer: bytes


class Label(msgspec.Struct, frozen=True):
    """What a person says that the item really was; `at` is UTC, ISO 8601."""

    label: str
    at: str
    by: str


class Logged(msgspec.Struct, frozen=True):
    """A decision as it stands in the log: the JSON of what was asked and answered, and its label.

    `pending` names what of it is still to come; `alerted`, whether people were to hear of it at once;
    `expires`, when the log forgets it, in seconds since the epoch.
    """

    decision_id: str
    service: str
    version: str | None
    asked: bytes
    answer: bytes
    label: Label | None
    pending: tuple[str, ...] = ()
    alerted: bool = False
    severity: int = 3
    expires: int = 0


class Table(Protocol):
    """The DynamoDB protocol; `lambdas.core.aws.Dynamo` speaks it."""

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer; raises PreconditionFailed, DependencyDown."""
        ...


ALERT = "yes"
"""The value of `alert` that the alerts function waits for."""
ALERTED = "told"
"""Its value on a decision that was amended after people had heard of it."""


class DecisionLog:
    """Writes decisions to `table`, and the labels that people give them.

    `sample_key` decides which clear decisions people look at; see `queue_of`.
    """

    def __init__(
        self,
        table: str,
        dynamo: Table,
        *,
        ttl_days: int,
        sample_key: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._dynamo = dynamo
        self._ttl = ttl_days * 86_400
        self._sample_key = sample_key
        self._clock = clock

    def record(self, entries: Sequence[Entry]) -> list[Stored | None]:
        """Write each entry whose id is new: None for those, what stood there for the others.

        Ids must differ from each other. Raises DependencyDown when the table does not answer.
        """
        found: dict[str, Stored] = {}
        for chunk in self._chunks(entries):
            if len(chunk) <= ONE_BY_ONE:
                for entry in chunk:
                    self._put(entry, found)
            else:
                self._put_together(chunk, found)
        return [found.get(entry.decision.decision_id) for entry in entries]

    def get(self, decision_id: str) -> Logged:
        """The decision, as the last write left it. Raises NotFound, DependencyDown."""
        key = {"id": {"S": decision_id}}
        answer = self._dynamo.call("GetItem", {"TableName": self._table, "Key": key, "ConsistentRead": True})
        if "Item" not in answer:
            raise NotFound(f"there is no decision '{decision_id}': it never was, or it has expired")
        return _logged(answer["Item"])

    def label(self, decision_id: str, label: Label) -> Logged:
        """Write `label` on the decision, over an earlier one by the same person; what then stands there.

        Raises NotFound, DependencyDown, and Conflict when somebody else has labelled it otherwise.
        """
        request = {**self.label_update(decision_id, label), "ReturnValues": "ALL_NEW"}
        try:
            return _logged(self._dynamo.call("UpdateItem", request)["Attributes"])
        except PreconditionFailed as error:
            other = self.get(decision_id).label
            said = f"'{other.label}'" if other else "something else"
            raise Conflict(
                f"somebody else says that it was {said}: settle it between you", field="label"
            ) from error

    def label_update(self, decision_id: str, label: Label, *, overrule: bool = False) -> dict[str, Any]:
        """The update that writes `label`, for a transaction with other writes.

        It wants the decision to be there and, unless `overrule`, that nobody else labelled it otherwise.
        """
        nobody_else = " AND (attribute_not_exists(#by) OR #by = :by OR #label = :label)"
        return {
            "TableName": self._table,
            "Key": {"id": {"S": decision_id}},
            "UpdateExpression": "SET #label = :label, #at = :at, #by = :by",
            "ConditionExpression": "attribute_exists(id)" + ("" if overrule else nobody_else),
            "ExpressionAttributeNames": {"#label": "label", "#at": "label_at", "#by": "label_by"},
            "ExpressionAttributeValues": {
                ":label": {"S": label.label},
                ":at": {"S": label.at},
                ":by": {"S": label.by},
            },
        }

    def amend(self, before: Logged, decision: Decision, marks: Marks, *, sample: float) -> bool:
        """Write the final `decision` over the provisional one that `before` holds.

        False, with nothing written, when it is not pending any more: another worker was faster, or it has
        expired. The answer takes its place, and it enters its queue and alerts now. Raises DependencyDown.
        """
        queue = self._queue(decision, marks, sample)
        values = {
            "answer": {"S": msgspec.json.encode(decision).decode()},
            "outcome": {"S": decision.outcome},
            "review": {"BOOL": decision.review},
            "confidence": {"N": f"{decision.confidence:.6f}"},
            "source": {"S": decision.source},
            "severity": {"N": str(marks.severity)},
        }
        if queue is not None:
            values["queue"] = {"S": queue}
        if marks.alert or before.alerted:
            values["alert"] = {"S": ALERTED if before.alerted else ALERT}
        request = {
            "TableName": self._table,
            "Key": {"id": {"S": decision.decision_id}},
            "UpdateExpression": f"SET {', '.join(f'#{name} = :{name}' for name in values)} REMOVE #pending",
            "ConditionExpression": "attribute_exists(#pending)",
            "ExpressionAttributeNames": {f"#{name}": name for name in (*values, "pending")},
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
        }
        try:
            self._dynamo.call("UpdateItem", request)
        except PreconditionFailed:
            return False
        return True

    def _put(self, entry: Entry, found: dict[str, Stored]) -> None:
        try:
            self._dynamo.call("PutItem", self._conditional_put(entry))
        except PreconditionFailed as error:
            found[entry.decision.decision_id] = _stored(_item_of(error.current))

    def _put_together(self, chunk: list[Entry], found: dict[str, Stored]) -> None:
        """One transaction; when some ids are taken, what is left goes into the next."""
        left = chunk
        while left:
            puts = [{"Put": self._conditional_put(entry)} for entry in left]
            try:
                self._dynamo.call("TransactWriteItems", {"TransactItems": puts})
                return
            except PreconditionFailed as error:
                left = self._not_taken(left, error, found)

    @staticmethod
    def _not_taken(chunk: list[Entry], error: PreconditionFailed, found: dict[str, Stored]) -> list[Entry]:
        reasons = error.current.get("CancellationReasons", []) if isinstance(error.current, dict) else []
        left = []
        for entry, reason in zip(chunk, reasons, strict=True):
            if reason.get("Code") == "ConditionalCheckFailed":
                found[entry.decision.decision_id] = _stored(_item_of(reason))
            else:
                left.append(entry)
        if len(left) == len(chunk):
            raise DependencyDown(f"dynamodb cancelled a write: {[r.get('Code') for r in reasons]}")
        return left

    def _conditional_put(self, entry: Entry) -> dict[str, Any]:
        decision = entry.decision
        item = {
            "id": {"S": decision.decision_id},
            "service": {"S": entry.service},
            "at": {"S": decision.decided_at},
            "assigned": {"S": entry.assigned},
            "variant": {"S": decision.variant},
            "source": {"S": decision.source},
            "outcome": {"S": decision.outcome},
            "review": {"BOOL": decision.review},
            "confidence": {"N": f"{decision.confidence:.6f}"},
            "severity": {"N": str(entry.marks.severity)},
            "digest": {"S": entry.digest},
            "asked": {"S": entry.asked.decode()},
            "answer": {"S": msgspec.json.encode(decision).decode()},
            "expires": {"N": str(int(self._clock()) + self._ttl)},
        }
        if decision.model_version:
            item["version"] = {"S": decision.model_version}
        if entry.assigned_version:
            item["assigned_version"] = {"S": entry.assigned_version}
        if entry.ms is not None:
            item["ms"] = {"N": f"{entry.ms:.3f}"}
        if entry.other is not None:
            item["other"] = {"S": msgspec.json.encode(entry.other).decode()}
        if entry.entity:
            item["entity"] = {"S": entry.entity}
        queue = self._queue(decision, entry.marks, entry.sample)
        if queue:
            item["queue"] = {"S": queue}
        if entry.marks.alert:
            item["alert"] = {"S": ALERT}
        if entry.marks.pending:
            item["pending"] = {"S": ",".join(entry.marks.pending)}
        return {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _queue(self, decision: Decision, marks: Marks, sample: float) -> str | None:
        """The queue of people that the decision belongs in."""
        return queue_of(
            decision.decision_id, marks, review=decision.review, sample=sample, key=self._sample_key
        )

    @staticmethod
    def _chunks(entries: Sequence[Entry]) -> list[list[Entry]]:
        chunks: list[list[Entry]] = [[]]
        size = 0
        for entry in entries:
            weight = len(entry.asked) + 2_000
            if chunks[-1] and (len(chunks[-1]) == TRANSACTION_ITEMS or size + weight > TRANSACTION_BYTES):
                chunks.append([])
                size = 0
            chunks[-1].append(entry)
            size += weight
        return chunks


def _item_of(answer: object) -> dict[str, Any]:
    item = answer.get("Item") if isinstance(answer, dict) else None
    if not isinstance(item, dict):
        raise DependencyDown("dynamodb refused a write without saying what stands there")
    return item


def _stored(item: dict[str, Any]) -> Stored:
    return Stored(item["digest"]["S"], item["answer"]["S"].encode())


def _logged(item: dict[str, Any]) -> Logged:
    label = None
    if "label" in item:
        label = Label(item["label"]["S"], item["label_at"]["S"], item["label_by"]["S"])
    return Logged(
        decision_id=item["id"]["S"],
        service=item["service"]["S"],
        version=item["version"]["S"] if "version" in item else None,
        asked=item["asked"]["S"].encode(),
        answer=item["answer"]["S"].encode(),
        label=label,
        pending=tuple(item["pending"]["S"].split(",")) if "pending" in item else (),
        alerted="alert" in item,
        severity=int(item["severity"]["N"]) if "severity" in item else 3,
        expires=int(item["expires"]["N"]) if "expires" in item else 0,
    )
