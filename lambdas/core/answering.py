"""Runs the variants: who answers, who stands in for one that fails, and what the other one would say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Generic, NamedTuple

from lambdas.core.decision_log import Compared
from lambdas.core.errors import BundleError
from lambdas.core.model_store import ModelStore, Picked, Route
from lambdas.core.service import Answer, Item, Model, Request, Service, Stamp
from lambdas.core.telemetry import Telemetry
from lambdas.core.variant import Variant


class Made(NamedTuple, Generic[Answer]):
    """A decision and how it was made: `assigned` is the variant that it fell to, `version` that one's bundle.

    `ms` is the model's time for it, None when rules answered; `other` what the other variant says.
    """

    answer: Answer
    assigned: Variant
    version: str | None
    ms: float | None
    other: Compared | None = None


class Answering(Generic[Request, Answer, Model, Item]):
    """Answers for one service with the bundles of `store`."""

    def __init__(
        self,
        service: Service[Request, Answer, Model, Item],
        store: ModelStore[Model],
        telemetry: Telemetry,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._service = service
        self._store = store
        self._telemetry = telemetry
        self._clock = clock

    def make(
        self, items: Sequence[Item], ids: Sequence[str], entities: Sequence[str | None], at: str
    ) -> list[Made[Answer]]:
        """Decisions by the variant of each entity, of the decision itself where there is none.

        One model run a variant, and one more for those that both variants are run for. While a challenger is
        tried, only a decision that was asked for alone says its time: of what a run costs however many it
        decides, the few of the challenger's share would bear more, and look slow.
        """
        self._store.refresh()
        timed = len(items) == 1 or not self._store.trying
        routes = [self._store.route(who or own, own) for who, own in zip(entities, ids, strict=True)]
        made: dict[int, Made[Answer]] = {}
        for members in _grouped(routes, lambda route: route.answers):
            route = routes[members[0]]
            answers, ms = self._answers(route, [items[k] for k in members], [ids[k] for k in members], at)
            for k, answer in zip(members, answers, strict=True):
                made[k] = Made(answer, routes[k].assigned, routes[k].version, ms if timed else None)
        compared = [k for k, route in enumerate(routes) if route.other_version is not None]
        if compared:
            self._compare(compared, routes, items, made)
        return [made[k] for k in range(len(items))]

    def _answers(
        self, route: Route[Model], items: list[Item], ids: list[str], at: str
    ) -> tuple[list[Answer], float | None]:
        """The answers and the milliseconds of each: the model's, the spare one's, or the rules'."""
        for picked in (route.answers, route.spare):
            if picked is None:
                continue
            version = picked.manifest.version
            stamps = [Stamp(own, at, picked.variant, version) for own in ids]
            # What a new bundle may do wrong is not to be foreseen, and its champion is there to answer.
            expected = Exception if picked is route.answers and route.spare else BundleError
            started = self._clock()
            try:
                answers = self._service.predict(picked.model, items, stamps)
            except expected as error:
                self._telemetry.model_failed(_said(error), version=version)
            else:
                return answers, (self._clock() - started) * 1000.0 / len(items)
        return self._service.rules(items, [Stamp(own, at, "none", None) for own in ids]), None

    def _compare(
        self,
        compared: list[int],
        routes: Sequence[Route[Model]],
        items: Sequence[Item],
        made: dict[int, Made[Answer]],
    ) -> None:
        """Write into `made` what the other variant says; its failure is told, and touches nothing else."""
        # Of a provisional decision nothing can be compared, and a spare one's is the other's own.
        left = [
            k
            for k in compared
            if made[k].answer.variant in {made[k].assigned, "none"}
            and not self._service.marks(made[k].answer).pending
        ]
        chosen = [routes[k] for k in left]
        for places in _grouped(chosen, lambda route: route.other):
            members = [left[place] for place in places]
            route = routes[members[0]]
            said = self._other(route, [items[k] for k in members], [made[k].answer for k in members])
            for k, other in zip(members, said, strict=True):
                made[k] = made[k]._replace(other=other)

    def _other(self, route: Route[Model], items: list[Item], answers: list[Answer]) -> list[Compared]:
        failed = [Compared(str(route.other_version))] * len(items)
        if route.other is None:
            return failed
        variant, version = route.other.variant, route.other.manifest.version
        stamps = [Stamp(each.decision_id, each.decided_at, variant, version) for each in answers]
        started = self._clock()
        try:
            said = self._service.predict(route.other.model, items, stamps)
        except Exception as error:
            self._telemetry.model_failed(_said(error), version=version)
            return failed
        ms = (self._clock() - started) * 1000.0 if len(items) == 1 else None
        return [Compared(version, each.outcome, each.review, each.confidence, ms) for each in said]


def _grouped(
    routes: Sequence[Route[Model]], by: Callable[[Route[Model]], Picked[Model] | None]
) -> list[list[int]]:
    """The places of the routes that have the same bundle there, in order."""
    groups: dict[int, list[int]] = {}
    for k, route in enumerate(routes):
        groups.setdefault(id(by(route)), []).append(k)
    return list(groups.values())


def _said(error: Any) -> str:
    return error.detail if isinstance(error, BundleError) else f"{type(error).__name__}: {error}"
