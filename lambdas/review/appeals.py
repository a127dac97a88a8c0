"""Objections to decisions: one open at a time, judged by somebody who has not judged it before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from lambdas.core.decide import stamp, utc_now
from lambdas.core.decision_log import DecisionLog, Logged
from lambdas.core.errors import Conflict, NotFound
from lambdas.review.item import APPEAL, GENESIS, SECOND, Barred, Detail, Item
from lambdas.review.meaning import Outcomes, outcome_of
from lambdas.review.schema import AppealRequest, AppealResponse, Objection, Opinion
from lambdas.review.tables import Lost, Step, Tables
from lambdas.review.verdicts import SETTLED

SEVERITY: Final = 5
"""Of an appeal at least: somebody waits."""
TRIES: Final = 3


class Appeals:
    """Takes appeals, and says what became of them."""

    def __init__(
        self,
        tables: Tables,
        log: DecisionLog,
        *,
        outcomes: Outcomes,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._tables = tables
        self._log = log
        self._outcomes = outcomes
        self._now = now

    def file(self, decision_id: str, asked: AppealRequest) -> AppealResponse:
        """The appeal, which now waits; the same one sent again is the one that waits already.

        What is in line about the decision is closed: the appeal is about all of it. Raises NotFound for an
        unknown decision, Conflict while it is not decided yet or another appeal is open, DependencyDown.
        """
        for attempt in range(1, TRIES + 1):
            decision = self._log.get(decision_id)
            appeal = self._tables.find(decision_id + APPEAL)
            if appeal is not None and appeal.state != "settled":
                if _says(appeal, asked):
                    return _response(appeal)
                raise Conflict("an appeal is open already: it is judged first")
            try:
                return _response(self._open(decision, appeal, asked))
            except Lost:
                if attempt == TRIES:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def state(self, decision_id: str) -> AppealResponse:
        """What became of the newest appeal. Raises NotFound, DependencyDown."""
        appeal = self._tables.find(decision_id + APPEAL)
        if appeal is None:
            raise NotFound(f"nobody has appealed against '{decision_id}'")
        return _response(appeal)

    def _open(self, decision: Logged, appeal: Item | None, asked: AppealRequest) -> Item:
        base, second = (self._tables.find(decision.decision_id + part) for part in ("", SECOND))
        known = [item for item in (base, second) if item is not None]
        at = stamp(self._now())
        closed = {item.id: self._closed(item, at) for item in known if item.state != "settled"}
        after = self._appeal(
            decision, known, appeal, Objection(asked.reason, asked.by, at, self._stands(decision))
        )
        root = GENESIS
        if base is not None:
            root = closed[base.id].item.hash if base.id in closed else base.hash
        who = f"caller: {asked.by}"
        step = self._tables.step(
            appeal, after, who=who, action="appealed", note=asked.reason, at=at, root=root
        )
        self._tables.write([step, *closed.values()])
        return step.item

    def _stands(self, decision: Logged) -> str:
        """The outcome that stands: of the label where there is one. Raises Conflict while there is none."""
        if decision.label is not None:
            return outcome_of(self._outcomes, decision.service, decision.label.label)
        answer = msgspec.json.decode(decision.answer, type=dict[str, Any])
        if decision.pending or answer["review"]:
            raise Conflict("it is not decided yet: appeal when it is")
        return str(answer["outcome"])

    def _appeal(self, decision: Logged, known: list[Item], appeal: Item | None, objection: Objection) -> Item:
        """The item of an appeal, which follows an earlier one if there was any."""
        opinions = _opinions([*known, *([appeal] if appeal else [])])
        judges = {opinion.by for opinion in opinions} | ({decision.label.by} if decision.label else set())
        return Item(
            id=decision.decision_id + APPEAL,
            decision_id=decision.decision_id,
            service=decision.service,
            kind="appeal",
            severity=max([SEVERITY, decision.severity, *(item.severity for item in known)]),
            created_at=objection.at,
            expires=decision.expires,
            barred=Barred(never=tuple(sorted(judges))),
            detail=Detail(outcome=objection.against, opinions=opinions, objection=objection),
            seq=appeal.seq if appeal else -1,
            hash=appeal.hash if appeal else GENESIS,
        )

    def _closed(self, item: Item, at: str) -> Step:
        after = replace(item, **SETTLED, settled_at=at)
        return self._tables.step(item, after, who="triage", action="superseded", at=at)


def _opinions(items: Iterable[Item]) -> tuple[Opinion, ...]:
    """What people have said in `items`, each once, the newest last."""
    said: list[Opinion] = []
    for item in items:
        verdict = item.detail.verdict
        said += [*item.detail.opinions, *([verdict] if verdict else [])]
    return tuple(sorted({(one.by, one.at): one for one in said}.values(), key=lambda one: one.at))


def _says(appeal: Item, asked: AppealRequest) -> bool:
    objection = appeal.detail.objection
    return objection is not None and (objection.reason, objection.by) == (asked.reason, asked.by)


def _response(appeal: Item) -> AppealResponse:
    objection, verdict = appeal.detail.objection, appeal.detail.verdict
    if objection is None:
        raise NotFound("this is no appeal")
    return AppealResponse(
        decision_id=appeal.decision_id,
        service=appeal.service,
        state="settled" if verdict else "open",
        reason=objection.reason,
        by=objection.by,
        at=objection.at,
        ruling=verdict.ruling if verdict else None,
        why=verdict.note if verdict else None,
        label=verdict.label if verdict else None,
        settled_at=appeal.settled_at if verdict else None,
    )
