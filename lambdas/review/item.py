"""One item of the queue, and how DynamoDB holds it.

What the index holds too are attributes of their own; the words of people are in `detail`, which it does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from lambdas.review.schema import Kind, Objection, Opinion, ReviewSummary, State

GENESIS: Final = "0" * 64
"""What the first entry of a chain names as the one before it."""
SECOND: Final = ".second"
APPEAL: Final = ".appeal"


class Barred(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is not to get the item: `never`, having judged it already, or `until` a time, having skipped it."""

    never: tuple[str, ...] = ()
    until: dict[str, str] = {}

    def now(self, name: str, at: str) -> bool:
        """Whether `name` is not to be handed the item at the time `at`."""
        return name in self.never or self.until.get(name, "") > at


class Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    """What only whoever opens the item sees.

    `asked_again` says that a second opinion was asked for; `origin` is the kind of the item that a second
    opinion is about; `outcome` is what was decided when the item was made.
    """

    outcome: str = ""
    origin: Kind = "review"
    asked_again: bool = False
    opinions: tuple[Opinion, ...] = ()
    verdict: Opinion | None = None
    objection: Objection | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One item. `seq` and `hash` are the head of its chain in the audit log; each change makes both new."""

    id: str
    decision_id: str
    service: str
    kind: Kind
    severity: int
    created_at: str
    expires: int
    state: State = "open"
    escalated: bool = False
    holder: str | None = None
    claim_until: str | None = None
    settled_at: str | None = None
    barred: Barred = Barred()
    detail: Detail = Detail()
    seq: int = -1
    hash: str = GENESIS

    @property
    def line(self) -> str:
        """The line of the index that it stands in."""
        return f"{'leads' if self.shown == 'escalated' else self.state}#{self.service}"

    @property
    def rank(self) -> str:
        """Its place in the line."""
        if self.state == "claimed":
            return f"{self.claim_until}#{self.id}"
        if self.state == "settled":
            return f"{self.settled_at}#{self.id}"
        return f"{9 - self.severity}#{self.created_at}#{self.id}"

    @property
    def shown(self) -> State:
        """Its state as people are told: what is open for leads only is called escalated."""
        return self._free if self.state == "open" else self.state

    @property
    def _free(self) -> State:
        return "escalated" if self.escalated else "open"

    def held(self, at: str) -> bool:
        """Whether somebody has claimed it and the claim lasts at the time `at`."""
        return self.state == "claimed" and (self.claim_until or "") > at

    def summary(self, name: str, at: str) -> ReviewSummary:
        """The item as `name` sees it at the time `at`, when a claim that has run out is none any more."""
        held = self.held(at)
        return ReviewSummary(
            id=self.id,
            decision_id=self.decision_id,
            service=self.service,
            kind=self.kind,
            state=self._free if self.state == "claimed" and not held else self.shown,
            severity=self.severity,
            escalated=self.escalated,
            created_at=self.created_at,
            held_by=self.holder if held else None,
            claim_until=self.claim_until if held else None,
            settled_at=self.settled_at,
            mine=held and self.holder == name,
        )

    def seen(self) -> dict[str, Any]:
        """What the audit log keeps of it before and after a change: what is set, without people's notes."""
        found = {
            "state": self.shown,
            "severity": self.severity,
            "held_by": self.holder,
            "claim_until": self.claim_until,
        }
        verdict = self.detail.verdict
        if verdict is not None:
            found |= {"label": verdict.label, "ruling": verdict.ruling}
        return {name: value for name, value in found.items() if value is not None}


_TEXT = ("id", "decision_id", "service", "kind", "state", "created_at", "hash")
_MAY_LACK = ("holder", "claim_until", "settled_at")
_NUMBERS = ("severity", "expires", "seq")
IN_INDEX: Final = (*_TEXT[1:], *_MAY_LACK, *_NUMBERS, "escalated", "barred")
"""What the index must hold beside the keys, so that an item is claimed without being read first."""


def encoded(item: Item) -> dict[str, Any]:
    """`item` as DynamoDB's attributes, its line and rank among them."""
    out: dict[str, Any] = {name: {"S": getattr(item, name)} for name in _TEXT}
    out |= {name: {"S": value} for name in _MAY_LACK if (value := getattr(item, name)) is not None}
    out |= {name: {"N": str(getattr(item, name))} for name in _NUMBERS}
    out["escalated"] = {"BOOL": item.escalated}
    for name in ("barred", "detail"):
        out[name] = {"S": msgspec.json.encode(getattr(item, name)).decode()}
    return out | {"line": {"S": item.line}, "rank": {"S": item.rank}}


def decoded(found: Mapping[str, Any]) -> Item:
    """The item of DynamoDB's attributes; from the index it comes without `detail`."""
    parts: dict[str, Any] = {name: found[name]["S"] for name in _TEXT}
    parts |= {name: found[name]["S"] for name in _MAY_LACK if name in found}
    parts |= {name: int(found[name]["N"]) for name in _NUMBERS}
    parts["barred"] = msgspec.json.decode(found["barred"]["S"], type=Barred)
    if "detail" in found:
        parts["detail"] = msgspec.json.decode(found["detail"]["S"], type=Detail)
    return Item(escalated=found["escalated"]["BOOL"], **parts)
