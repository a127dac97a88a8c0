"""Verdicts: what a person says an item is. They settle it, label the decision and teach.

The item, its audit entry, the label on the decision, a second opinion that is asked for and the counters are
written together or not at all. Who learns is told after that; a verdict sent again tells it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from lambdas.core.decide import stamp, utc_now
from lambdas.core.decision_log import DecisionLog, Label, Logged
from lambdas.core.errors import Conflict, InvalidRequest, NotFound
from lambdas.core.labelling import Labelling
from lambdas.core.labels import GivenLabel
from lambdas.core.marks import MOST_SEVERE
from lambdas.review import agreement
from lambdas.review.item import SECOND, Barred, Detail, Item
from lambdas.review.meaning import Outcomes, outcome_of
from lambdas.review.moves import holding
from lambdas.review.reviewer import Reviewer
from lambdas.review.schema import Opinion, VerdictRequest
from lambdas.review.tables import Lost, Step, Tables, Write

SETTLED: Final = {"state": "settled", "holder": None, "claim_until": None}


def asks_again(decision_id: str, share: float) -> bool:
    """Whether a verdict on the decision is asked of a second person: for the same decisions every time."""
    digest = hashlib.blake2b(f"second\x00{decision_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < share


class Verdicts:
    """Takes verdicts; `second_share` of them, 0 to 1, are asked of a second person."""

    def __init__(
        self,
        tables: Tables,
        log: DecisionLog,
        labelling: Labelling,
        *,
        outcomes: Outcomes,
        second_share: float,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._tables = tables
        self._log = log
        self._labelling = labelling
        self._outcomes = outcomes
        self._share = second_share
        self._now = now

    def give(self, who: Reviewer, review_id: str, said: VerdictRequest) -> Item:
        """The item as it stands after the verdict of `who`, who must hold it.

        Raises NotFound, InvalidRequest for a label or ruling that cannot be, Conflict when somebody else has
        it or has labelled the decision otherwise, DependencyDown. After the last the verdict may stand, and
        giving it again is safe.
        """
        item = self._tables.get(review_id)
        given = item.detail.verdict
        if item.state == "settled" and given is not None and given.by == who.name and _same(given, said):
            self._tell(item, given)
            return item
        holding(item, who)
        decision = self._log.get(item.decision_id)
        label = said.label
        if label is not None:
            label = self._labelling.words_of(decision.service, decision.version).checked(label)
        if item.kind == "appeal":
            return self._rule(item, decision, who, replace(said, label=label))
        if said.ruling is not None:
            raise InvalidRequest("only an appeal is upheld or overturned", field="ruling")
        if label is None:
            raise InvalidRequest("say what it is", field="label")
        opinion = Opinion(by=who.name, at=stamp(self._now()), label=label, note=said.note)
        if item.kind == "second" and not item.escalated:
            return self._second(item, opinion)
        return self._settle(item, opinion)

    def _settle(self, item: Item, opinion: Opinion) -> Item:
        """A first verdict, or a lead's last word on what was escalated."""
        again = not item.escalated and asks_again(item.decision_id, self._share)
        detail = replace(item.detail, verdict=opinion, asked_again=again)
        settled = replace(item, **SETTLED, settled_at=opinion.at, detail=detail)
        step = self._tables.step(
            item, settled, who=opinion.by, action="decided", note=opinion.note, at=opinion.at
        )
        steps = [step]
        if again:
            steps.append(self._ask_again(step, opinion))
        self._write(steps, item, opinion, self._sampled(item, opinion), overrule=item.escalated)
        return step.item

    def _ask_again(self, first: Step, opinion: Opinion) -> Step:
        """The new item that asks somebody else; its chain follows the first verdict's entry."""
        item = first.item
        asked = Item(
            id=item.decision_id + SECOND,
            decision_id=item.decision_id,
            service=item.service,
            kind="second",
            severity=item.severity,
            created_at=opinion.at,
            expires=item.expires,
            barred=Barred(never=(opinion.by,)),
            detail=Detail(outcome=item.detail.outcome, origin=item.kind, opinions=(opinion,)),
        )
        return self._tables.step(
            None, asked, who="triage", action="asked again", at=opinion.at, root=item.hash
        )

    def _second(self, item: Item, opinion: Opinion) -> Item:
        """A second opinion: agreement settles the item, disagreement goes to a lead. Both count."""
        first = item.detail.opinions[0]
        counted = agreement.pair_counted(
            self._tables.reviews, item.service, str(first.label), str(opinion.label)
        )
        if first.label == opinion.label:
            detail = replace(item.detail, verdict=opinion)
            after = replace(item, **SETTLED, settled_at=opinion.at, detail=detail)
        else:
            after = replace(
                item,
                state="open",
                escalated=True,
                holder=None,
                claim_until=None,
                severity=min(MOST_SEVERE, item.severity + 1),
                barred=Barred(never=(*item.barred.never, opinion.by)),
                detail=replace(item.detail, opinions=(first, opinion)),
            )
        action = "agreed" if first.label == opinion.label else "disagreed"
        step = self._tables.step(item, after, who=opinion.by, action=action, note=opinion.note, at=opinion.at)
        self._tables.write([step], [counted])
        return step.item

    def _rule(self, item: Item, decision: Logged, who: Reviewer, said: VerdictRequest) -> Item:
        """An appeal upheld or overturned: why must be said, and for the latter what it is instead."""
        if said.ruling is None or not said.note.strip():
            raise InvalidRequest(
                "an appeal is upheld or overturned, and the note says why",
                field="note" if said.ruling else "ruling",
            )
        stands = item.detail.objection.against if item.detail.objection else item.detail.outcome
        if said.ruling == "overturn" and said.label is None:
            raise InvalidRequest("say what it is instead", field="label")
        if said.label is not None:
            same = outcome_of(self._outcomes, item.service, said.label) == stands
            if same != (said.ruling == "uphold"):
                raise InvalidRequest(
                    f"'{said.label}' would {'be' if same else 'not be'} '{stands}', which is what stands",
                    field="label",
                )
        opinion = Opinion(
            by=who.name, at=stamp(self._now()), label=said.label, ruling=said.ruling, note=said.note
        )
        after = replace(item, **SETTLED, settled_at=opinion.at, detail=replace(item.detail, verdict=opinion))
        action = "upheld" if said.ruling == "uphold" else "overturned"
        step = self._tables.step(item, after, who=who.name, action=action, note=said.note, at=opinion.at)
        self._write([step], item, opinion, [], overrule=True)
        return step.item

    def _sampled(self, item: Item, opinion: Opinion) -> list[Write]:
        """What a verdict changes in the count of clear decisions that people would have made otherwise."""
        origin = item.detail.origin if item.kind == "second" else item.kind
        if origin != "sample":
            return []
        other = self._overturns(item, opinion)
        if item.kind == "second":
            # Its first verdict was counted when it was given; a lead's last word may turn it round.
            change = other - self._overturns(item, item.detail.opinions[0])
            sampled = 0
        else:
            change, sampled = other, 1
        if not change and not sampled:
            return []
        return [
            agreement.sample_counted(self._tables.reviews, item.service, sampled=sampled, overturned=change)
        ]

    def _overturns(self, item: Item, opinion: Opinion) -> int:
        return int(outcome_of(self._outcomes, item.service, str(opinion.label)) != item.detail.outcome)

    def _write(
        self, steps: list[Step], item: Item, opinion: Opinion, counted: list[Write], *, overrule: bool
    ) -> None:
        """Write it with the label on the decision, and tell who learns."""
        also = list(counted)
        if opinion.label is not None:
            label = Label(opinion.label, opinion.at, opinion.by)
            also.append({"Update": self._log.label_update(item.decision_id, label, overrule=overrule)})
        try:
            self._tables.write(steps, also)
        except Lost as error:
            last = 2 * len(steps) + len(also) - 1
            if opinion.label is not None and list(error.refused) == [last]:
                raise self._not_labelled(item) from error
            raise
        self._tell(item, opinion)

    def _not_labelled(self, item: Item) -> NotFound | Conflict:
        stands = self._log.get(item.decision_id).label
        said = f"'{stands.label}'" if stands else "something else"
        return Conflict(f"somebody else has said that it was {said}: escalate it", field="label")

    def _tell(self, item: Item, opinion: Opinion) -> None:
        if opinion.label is not None and not (item.kind == "second" and not item.escalated):
            at = datetime.fromisoformat(opinion.at)
            given = GivenLabel(item.decision_id, item.service, opinion.label, at, opinion.by)
            self._labelling.tell(given)


def _same(given: Opinion, said: VerdictRequest) -> bool:
    """Whether a verdict is given once more."""
    return given.ruling == said.ruling and set((given.label or "").split(",")) == {
        part.strip() for part in (said.label or "").split(",")
    }
