"""What the holder of an item may do with it beside a verdict: skip it, let it go, or pass it on to a lead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from lambdas.core.decide import stamp, utc_now
from lambdas.core.errors import Conflict
from lambdas.core.marks import MOST_SEVERE
from lambdas.review.item import Barred, Item
from lambdas.review.reviewer import Reviewer
from lambdas.review.tables import Tables

SKIPPED_FOR: Final = timedelta(hours=1)
MOST_SKIPS: Final = 20
"""People an item remembers to have skipped it; past that it may come back to the first of them sooner."""


class Moves:
    """Takes items back from who holds them."""

    def __init__(self, tables: Tables, now: Callable[[], datetime] = utc_now) -> None:
        self._tables = tables
        self.now = now

    def skip(self, who: Reviewer, review_id: str, note: str) -> Item:
        """Back to its place in the line, and for an hour not to `who` unless asked for by name.

        Raises NotFound, Conflict when `who` does not hold it, DependencyDown; so do the others here.
        """
        item = holding(self._tables.get(review_id), who)
        until = stamp(self.now() + SKIPPED_FOR)
        return self._put_back(item, who, "skipped", note, barred=_skipped(item, who, until, self._at()))

    def release(self, who: Reviewer, review_id: str, note: str) -> Item:
        """Back to its place in the line, for anybody."""
        item = holding(self._tables.get(review_id), who)
        return self._put_back(item, who, "released", note)

    def escalate(self, who: Reviewer, review_id: str, note: str) -> Item:
        """On to the leads, one step more severe. Also raises Conflict for what is theirs already."""
        item = holding(self._tables.get(review_id), who)
        if item.escalated:
            raise Conflict("it was escalated already: a lead settles it")
        severity = min(MOST_SEVERE, item.severity + 1)
        return self._put_back(item, who, "escalated", note, severity=severity, escalated=True)

    def _put_back(self, item: Item, who: Reviewer, action: str, note: str, **changes: object) -> Item:
        after = replace(item, state="open", holder=None, claim_until=None, **changes)
        step = self._tables.step(item, after, who=who.name, action=action, note=note, at=self._at())
        self._tables.write([step])
        return step.item

    def _at(self) -> str:
        return stamp(self.now())


def holding(item: Item, who: Reviewer) -> Item:
    """`item`, which `who` holds: a claim that has run out still counts until somebody else takes the item.

    Raises Conflict when they do not.
    """
    if item.state == "settled":
        raise Conflict("it is settled")
    if item.state != "claimed" or item.holder != who.name:
        raise Conflict("you do not hold it: claim it first")
    return item


def _skipped(item: Item, who: Reviewer, until: str, at: str) -> Barred:
    """Who is barred when `who` is until then; times that have passed are forgotten."""
    known = {name: time for name, time in item.barred.until.items() if time > at} | {who.name: until}
    newest = sorted(known.items(), key=lambda pair: pair[1])[-MOST_SKIPS:]
    return replace(item.barred, until=dict(newest))
