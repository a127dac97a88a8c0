"""Hands items out: each to one person at a time, the most severe and the oldest first."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from lambdas.core.decide import stamp, utc_now
from lambdas.core.errors import Conflict, DependencyDown, Forbidden
from lambdas.review import lines
from lambdas.review.item import Item
from lambdas.review.reviewer import Reviewer
from lambdas.review.schema import Kind
from lambdas.review.tables import Lost, Tables

WIDTHS: Final = (10, 50, 100, 100, 100, 100, 100, 100)
"""How many of the first items a claimer chooses among, and among how many when it lost those that it tried.

Were it one, all who claim at once would fight over it, and each loser pays for a write that was refused."""
TRIES_A_READ: Final = 2
"""Who loses twice has read what many others have read too: the rest of it is likely gone as well."""


class Claims:
    """Claims for `minutes`. `choose` orders what may be handed out alike: by chance, so that few collide."""

    def __init__(
        self,
        tables: Tables,
        services: Sequence[str],
        *,
        minutes: float,
        now: Callable[[], datetime] = utc_now,
        choose: Callable[[list[Item]], list[Item]] = lambda items: random.sample(items, len(items)),
    ) -> None:
        self._tables = tables
        self._services = services
        self._lasts = timedelta(minutes=minutes)
        self._now = now
        self._choose = choose
        self.tried = 0
        """Claims that were tried so far, those that were lost too; a benchmark looks at it."""

    def next(self, who: Reviewer, *, service: str | None = None, kind: Kind | None = None) -> Item | None:
        """The next item for `who`, claimed; None when there is none.

        Raises DependencyDown, also when very many claim at once and each try was lost.
        """
        services = [service] if service else self._services
        at = stamp(self._now())
        sources = lines.sources(services, None, at, lead=who.lead)
        for width in WIDTHS:
            found = lines.read(
                self._tables, sources, limit=width, wanted=lambda item: self._suits(item, who, kind, at)
            ).items
            if not found:
                return None
            # Whoever has lost looks further down: those who were faster are taking what is more urgent.
            ordered = self._ordered(found) if width == WIDTHS[0] else self._choose(found)
            for item in ordered[:TRIES_A_READ]:
                claimed = self._try(item, who)
                if claimed:
                    return claimed
        raise DependencyDown("very many are claiming at once: try again")

    def named(self, who: Reviewer, review_id: str) -> Item:
        """The item `review_id`, claimed; held already by `who`, for longer.

        Raises NotFound, Forbidden for one that is not for `who`, Conflict when it is settled or somebody
        else's, DependencyDown.
        """
        item = self._tables.get(review_id)
        at = stamp(self._now())
        if item.state == "settled":
            raise Conflict("it is settled")
        if item.held(at) and item.holder != who.name:
            raise Conflict(f"{item.holder} has claimed it until {item.claim_until}")
        if item.escalated and not who.lead:
            raise Forbidden("it was escalated: only a lead may take it")
        if who.name in item.barred.never:
            raise Forbidden("you have judged it already: somebody else must")
        claimed = self._try(item, who)
        if claimed is None:
            raise Conflict("somebody else has just claimed it")
        return claimed

    def _suits(self, item: Item, who: Reviewer, kind: Kind | None, at: str) -> bool:
        """Whether `item` may be handed to `who` when they ask for what comes next."""
        return (
            (kind is None or item.kind == kind)
            and (who.lead or not item.escalated)
            and not item.held(at)
            and not item.barred.now(who.name, at)
        )

    def _ordered(self, found: list[Item]) -> list[Item]:
        """`found` in the order to try: what comes first alike in any order, then the rest."""
        first = [item for item in found if _alike(item, found[0])]
        rest = [item for item in found if not _alike(item, found[0])]
        return self._choose(first) + self._choose(rest)

    def _try(self, item: Item, who: Reviewer) -> Item | None:
        now = self._now()
        again = item.held(stamp(now))
        after = replace(item, state="claimed", holder=who.name, claim_until=stamp(now + self._lasts))
        step = self._tables.step(
            item, after, who=who.name, action="extended" if again else "claimed", at=stamp(now)
        )
        self.tried += 1
        try:
            self._tables.write([step], tries=1)
        except Lost:
            return None
        return step.item


def _alike(item: Item, first: Item) -> bool:
    """Whether two items are as urgent: both claimed before and let go, or of one severity."""
    return item.state == first.state and item.severity == first.severity
