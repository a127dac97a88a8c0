"""An item opened: what it is about, what people may say of it, and everything that happened to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from lambdas.core.decide import stamp, utc_now
from lambdas.core.decision_log import DecisionLog
from lambdas.core.errors import Forbidden
from lambdas.core.labelling import Labelling
from lambdas.review import audit
from lambdas.review.item import GENESIS, SECOND, Item
from lambdas.review.media import Media
from lambdas.review.reviewer import Reviewer
from lambdas.review.schema import Opinion, Review
from lambdas.review.tables import Tables


class Opener:
    """Puts a Review together from the queue, the decision log, the audit log and the links to media."""

    def __init__(
        self,
        tables: Tables,
        log: DecisionLog,
        labelling: Labelling,
        media: Media,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._tables = tables
        self._log = log
        self._labelling = labelling
        self._media = media
        self._now = now

    def open(self, who: Reviewer, review_id: str) -> Review:
        """The item whole, as `who` may see it.

        Raises NotFound, Forbidden for a verdict of which somebody is just being asked a second opinion,
        DependencyDown.
        """
        item = self._tables.get(review_id)
        self._keep_secret(item, who)
        decision = self._log.get(item.decision_id)
        asked, answer = (
            msgspec.json.decode(raw, type=dict[str, Any]) for raw in (decision.asked, decision.answer)
        )
        words = self._labelling.words_of(decision.service, decision.version)
        entries, item = self._history(item)
        return Review(
            **msgspec.structs.asdict(item.summary(who.name, stamp(self._now()))),
            asked=asked,
            answer=answer,
            labels=list(words.words),
            several=words.several,
            media=self._media.of(item.decision_id, asked),
            appeal=item.detail.objection,
            opinions=_opinions(item, who),
            verdict=item.detail.verdict,
            history=[entry.shown() for entry in entries],
            intact=not audit.verify(entries, item, roots=self._roots(entries, item)),
        )

    def _keep_secret(self, item: Item, who: Reviewer) -> None:
        """Nobody who may still be asked for the second opinion sees the first."""
        verdict = item.detail.verdict
        if not item.detail.asked_again or verdict is None or verdict.by == who.name:
            return
        second = self._tables.find(item.decision_id + SECOND)
        if second is not None and second.state != "settled" and not second.escalated:
            raise Forbidden("somebody is asked for a second opinion on it: it is shown when that is given")

    def _history(self, item: Item) -> tuple[list[audit.Entry], Item]:
        """The chain of `item`, and the item as it is then: somebody may have changed it in between."""
        entries = self._tables.history(item.id)
        if len(entries) > item.seq + 1:
            item = self._tables.get(item.id)
            entries = self._tables.history(item.id)
        return entries, item

    def _roots(self, entries: list[audit.Entry], item: Item) -> list[str]:
        """The hashes that the chain may follow: those of the decision's first item."""
        if item.id == item.decision_id or not entries or entries[0].previous_hash == GENESIS:
            return []
        return [entry.hash for entry in self._tables.history(item.decision_id)]


def _opinions(item: Item, who: Reviewer) -> list[Opinion]:
    """Earlier opinions: not for whoever may still be asked for the second."""
    open_second = item.kind == "second" and item.state != "settled"
    if open_second and not (item.escalated and who.lead):
        return []
    return list(item.detail.opinions)
