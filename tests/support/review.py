"""The review queue on a DynamoDB that speaks the real protocol, with a clock that a test sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from lambdas.core.aws import Dynamo, Message
from lambdas.core.bundle import MANIFEST
from lambdas.core.decide import stamp
from lambdas.core.decision_log import DecisionLog, Entry
from lambdas.core.errors import NotFound
from lambdas.core.labelling import Labelling
from lambdas.core.marks import Marks
from lambdas.core.schema import Decision
from lambdas.core.telemetry import Telemetry
from lambdas.review import audit
from lambdas.review.appeals import Appeals
from lambdas.review.claims import Claims
from lambdas.review.intake import Intake
from lambdas.review.item import IN_INDEX, Item
from lambdas.review.media import Media
from lambdas.review.moves import Moves
from lambdas.review.opened import Opener
from lambdas.review.reviewer import Reviewer
from lambdas.review.schema import Kind, VerdictRequest
from lambdas.review.tables import INDEX, Tables
from lambdas.review.verdicts import Verdicts

DECISIONS, REVIEWS, AUDIT = "decisions", "reviews", "audit"
SERVICES = ("tickets", "transactions")
OUTCOMES = {"transactions": {"legitimate": "approve", "fraud": "decline"}}
ANA, BO, CY = (Reviewer(f"{name}@example.com") for name in ("ana", "bo", "cy"))
LEA, LOU = (Reviewer(f"{name}@example.com", lead=True) for name in ("lea", "lou"))


def create_tables(client: Any, *, decisions: bool = True) -> None:
    """The tables as the stack makes them, but for their capacity."""
    strings = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "line", "rank")]
    rate = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    client.create_table(
        TableName=REVIEWS,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=strings,
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": [
                    {"AttributeName": "line", "KeyType": "HASH"},
                    {"AttributeName": "rank", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(IN_INDEX)},
                "ProvisionedThroughput": rate,
            }
        ],
        ProvisionedThroughput=rate,
    )
    client.create_table(
        TableName=AUDIT,
        KeySchema=[
            {"AttributeName": "review", "KeyType": "HASH"},
            {"AttributeName": "seq", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "review", "AttributeType": "S"},
            {"AttributeName": "seq", "AttributeType": "N"},
        ],
        ProvisionedThroughput=rate,
    )
    if decisions:
        client.create_table(
            TableName=DECISIONS,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=strings[:1],
            ProvisionedThroughput=rate,
        )


def drop_tables(client: Any) -> None:
    for name in (DECISIONS, REVIEWS, AUDIT):
        client.delete_table(TableName=name)


class Clock:
    """The time, which only a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 6, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **span: float) -> None:
        self.at += timedelta(**span)


class Outbox:
    """A label queue that can be down."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.down = False

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        if self.down:
            return dict.fromkeys(range(len(messages)), "sqs did not answer")
        self.sent += [msgspec.json.decode(message.body) for message in messages]
        return {}


class NoBundles:
    """An artifacts bucket without a manifest: any label is taken."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Any:
        raise NotFound(f"{key} ({MANIFEST}) is not there")


@dataclass
class QueueWorld:
    """Every part of the queue over the tables that `create_tables` made."""

    second_share: float = 0.0
    clock: Clock = field(default_factory=Clock)
    outbox: Outbox = field(default_factory=Outbox)

    def __post_init__(self) -> None:
        dynamo = Dynamo(timeout=10.0)
        self.told: list[Item] = []
        self.tables = Tables(dynamo, reviews=REVIEWS, audit=AUDIT, told=self.told.append)
        self.log = DecisionLog(DECISIONS, dynamo, ttl_days=30)
        self.labelling = Labelling(self.log, NoBundles(), self.outbox, now=self.clock)
        self.claims = Claims(self.tables, SERVICES, minutes=15, now=self.clock)
        self.moves = Moves(self.tables, self.clock)
        self.verdicts = Verdicts(
            self.tables, self.log, self.labelling, outcomes=OUTCOMES, second_share=self.second_share,
            now=self.clock,
        )  # fmt: skip
        self.appeals = Appeals(self.tables, self.log, outcomes=OUTCOMES, now=self.clock)
        self.opener = Opener(self.tables, self.log, self.labelling, Media(None, seconds=60), self.clock)
        self.intake = Intake(self.tables, Telemetry("intake"), now=self.clock)

    def decided(
        self, own: str, outcome: str = "review", *, severity: int = 3, queue: Kind | None = "review"
    ) -> str:
        """A decision in the log and, with `queue`, in the queue; returns its id."""
        service = own.partition(".")[0]
        self.clock.pass_(seconds=1)
        at = stamp(self.clock())
        decision = Decision(
            decision_id=own, outcome=outcome, review=queue == "review", reasons=[], confidence=0.5,
            source="model", variant="champion", model_version="v", degraded=[], decided_at=at,
        )  # fmt: skip
        asked = b'{"body":"hello"}'
        marks = Marks(severity=severity)
        sample = 1.0 if queue == "sample" else 0.0
        entry = Entry(decision, "digest", asked, service, None, marks, sample)
        self.log.record([entry])
        if queue:
            assert self.take(record_of(entry, queue)) == {"batchItemFailures": []}
        return own

    def take(self, *records: dict[str, Any]) -> dict[str, Any]:
        """What the intake answers to the stream's `records`."""
        return self.intake({"Records": list(records)}, None)

    def settle(self, who: Reviewer, review_id: str, label: str, note: str = "") -> Item:
        """Claim and decide one item."""
        self.claims.named(who, review_id)
        return self.verdicts.give(who, review_id, VerdictRequest(label=label, note=note))

    def rule(self, who: Reviewer, own: str, ruling: Any, label: str | None = None, why: str = "so") -> Item:
        """Claim an appeal and settle it."""
        self.claims.named(who, f"{own}.appeal")
        said = VerdictRequest(ruling=ruling, label=label, note=why)
        return self.verdicts.give(who, f"{own}.appeal", said)

    def label(self, own: str) -> tuple[str, str] | None:
        """The label on a decision, and who gave it."""
        found = self.log.get(own).label
        return (found.label, found.by) if found else None

    def actions(self, review_id: str) -> list[tuple[str, str]]:
        """(who, action) of the item's audit entries, after its chain was verified."""
        entries = self.tables.history(review_id)
        item = self.tables.get(review_id)
        roots = [each.hash for each in self.tables.history(item.decision_id)]
        assert audit.verify(entries, item, roots=roots) == []
        return [(entry.who, entry.action) for entry in entries]


def record_of(entry: Entry, queue: Kind) -> dict[str, Any]:
    """The stream's record of a decision that belongs in `queue`."""
    decision = entry.decision
    image: dict[str, Any] = {
        "id": {"S": decision.decision_id}, "service": {"S": entry.service}, "at": {"S": decision.decided_at},
        "outcome": {"S": decision.outcome}, "severity": {"N": str(entry.marks.severity)},
        "expires": {"N": "1900000000"}, "queue": {"S": queue},
    }  # fmt: skip
    return {"eventName": "INSERT", "dynamodb": {"SequenceNumber": decision.decision_id, "NewImage": image}}
