"""The A/B report: two versions of a service's model beside each other, from what was observed of both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from lambdas.observations.window import Bools, Window
from lambdas.rollout.ab_effects import Effect, Metric, Rows, cost_values, discoveries, effect_of
from lambdas.rollout.ab_sides import assignment_of, refuse, side_of, why_apart
from lambdas.rollout.ab_slices import Compared, Within, failed_of, slices_of
from lambdas.rollout.ab_types import Moment, NothingToCompare, Period, Report, Segment
from lambdas.rollout.judge_columns import Ints, coded, costs_of, entities
from lambdas.rollout.judge_measures import LEAST_ENTITIES
from lambdas.rollout.judge_plan import Costs, Margins
from lambdas.rollout.sequential import Floats

MOMENTS: Final = 24
"""At how many times the running effects are shown."""
MOST_VALUES: Final = 20
"""Of one segment; the rarer ones are left out."""
RUNNING: Final = ("review", "latency", "confidence", "cost")


def report(
    window: Window,
    a: str,
    b: str,
    *,
    periods: Sequence[Period] = (),
    costs: Costs | None = None,
    margins: Margins | None = None,
) -> Report:
    """The report on the decisions of `window` that had version `a` or `b`.

    `periods` are the times of known shares; without them the time in which both had traffic is cut into
    slices. `margins` say which effects the always-valid intervals are made for. Raises NothingToCompare.
    """
    costs, margins = costs or Costs(), margins or Margins()
    refuse(window, a, b)
    window = window.where(window.version.is_(a) | window.version.is_(b))
    of = window.version.is_(b)
    whole = Compared(window, of, slices_of(window, of, periods))
    together = _pairs(window, a, b)
    if not whole.both_there and not len(together[0]):
        raise NothingToCompare(why_apart(window, a, b))
    rows = whole.within()
    metrics = list(_metrics(rows, costs, margins))
    effects = discoveries([effect_of(each, rows.rows) for each in metrics])
    return Report(
        service=window.service,
        a=side_of(window.where(window.version.is_(a)), a, costs),
        b=side_of(window.where(of), b, costs),
        since=float(rows.window.at.min()) if len(rows.window) else float(window.at.min()),
        until=float(rows.window.at.max()) if len(rows.window) else float(window.at.max()),
        slices=len(np.unique(rows.rows.slice_)),
        assignment=assignment_of(window, of, periods),
        effects=effects,
        segments=_segments(rows, metrics),
        paired=_paired(*together, costs, margins),
        pairs=len(together[0]),
        running=_running(rows, metrics),
        notes=_notes(rows, metrics, periods),
    )


def _metrics(of: Within, costs: Costs, margins: Margins) -> Iterator[Metric]:
    window, failed = of.window, failed_of(of.window)
    numbers = np.float64
    yield Metric("failures", failed.astype(numbers), margins.failures, share=True)
    yield Metric("review", window.review.astype(numbers), margins.review, share=True)
    timed = (window.ms > 0) & ~failed
    ms = np.log(np.where(timed, window.ms, 1.0))
    yield Metric("latency", np.where(timed, ms, np.nan), math.log1p(margins.latency), log=True)
    yield Metric("confidence", np.where(failed, np.nan, window.confidence), margins.confidence)
    outcomes = tuple(sorted({window.outcome.words[k] for k in np.unique(window.outcome.codes) if k >= 0}))
    code = coded(window.outcome, outcomes)
    for k, outcome in enumerate(outcomes):
        yield Metric("mix", (code == k).astype(numbers), margins.mix, about=outcome, share=True)
    cost = costs_of(window.label, window.outcome, costs)
    stratum = np.maximum(code, 0) * 2 + of.rows.b
    labels = [int((np.isfinite(cost) & ~window.review & (of.rows.b == side)).sum()) for side in (False, True)]
    found = (
        cost_values(window.review, costs.review / costs.wrong, stratum, cost, 2 * max(len(outcomes), 1))
        if min(labels)
        else None
    )
    if found is not None:
        yield Metric("cost", found, margins.cost)


def _segments(of: Within, metrics: Sequence[Metric]) -> list[Segment]:
    """Every segment with enough entities of both versions; discoveries are among all of these together."""
    found: list[tuple[str, str, list[Effect]]] = []
    for name, column in sorted(of.window.segments.items()):
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.words))
        for code in np.argsort(-counts, kind="stable")[:MOST_VALUES]:
            some = column.codes == code
            rows = of.rows.where(some)
            if min(_entities(rows, side) for side in (False, True)) < LEAST_ENTITIES:
                continue
            parts = [
                effect_of(each._replace(values=each.values[some]), rows)
                for each in metrics
                if each.name != "mix"
            ]
            found.append((name, column.words[code], parts))
    flat = iter(discoveries([effect for _, _, parts in found for effect in parts]))
    return [Segment(name, value, [next(flat) for _ in parts]) for name, value, parts in found]


def _entities(rows: Rows, side: bool) -> int:
    return len(np.unique(rows.entity[rows.b == side]))


def _running(of: Within, metrics: Sequence[Metric]) -> list[Moment]:
    """The effects on all that was decided up to each of MOMENTS times."""
    at = of.window.at
    if not len(at):
        return []
    shown = [each for each in metrics if each.name in RUNNING]
    times = np.linspace(at.min(), at.max(), MOMENTS + 1)[1:]
    found = []
    for time in times:
        some = at <= time
        rows = of.rows.where(some)
        parts = [effect_of(each._replace(values=each.values[some]), rows) for each in shown]
        found.append(Moment(float(time), parts))
    return found


def _pairs(window: Window, a: str, b: str) -> tuple[Window, Bools]:
    """The decisions that both versions answered, and of which `b` is the other one."""
    other_b = window.version.is_(a) & window.other_version.is_(b)
    both = other_b | (window.version.is_(b) & window.other_version.is_(a))
    both &= ~failed_of(window) & (window.other_outcome.codes >= 0)
    return window.where(both), other_b[both]


def _paired(window: Window, other_b: Bools, costs: Costs, margins: Margins) -> list[Effect]:
    """The effects on the same items: a decision stands once for each version."""
    if not len(window):
        return []
    entity = entities(window)
    n = len(window)
    rows = Rows(np.repeat([False, True], n), np.zeros(2 * n, np.intp), np.concatenate([entity, entity]))

    def both(own: Floats | Bools | Ints, other: Floats | Bools | Ints) -> Floats:
        sides = np.where(other_b, own, other), np.where(other_b, other, own)
        return np.concatenate(sides).astype(np.float64)

    outcomes = tuple(sorted({*window.outcome.words, *window.other_outcome.words}))
    codes = coded(window.outcome, outcomes), coded(window.other_outcome, outcomes)
    metrics = [
        Metric("review", both(window.review, window.other_review), margins.review),
        Metric("confidence", both(window.confidence, window.other_confidence), margins.confidence),
        *(
            Metric("mix", both(codes[0] == k, codes[1] == k), margins.mix, about=outcome)
            for k, outcome in enumerate(outcomes)
        ),
    ]
    values = both(
        costs_of(window.label, window.outcome, costs), costs_of(window.label, window.other_outcome, costs)
    )
    # Who has a label depends on what became of the answer that counted.
    kind = np.tile(window.review, 2) * 2 + rows.b
    stratum = both(codes[0], codes[1]).astype(np.intp) + len(outcomes) * kind
    looked = both(window.review, window.other_review) > 0
    cost = cost_values(looked, costs.review / costs.wrong, stratum, values, 4 * len(outcomes))
    if cost is not None:
        metrics.append(Metric("cost", cost, margins.cost))
    differ = Effect(metric="disagreement", n_a=n, n_b=n, effect=float(f"{np.mean(codes[0] != codes[1]):.6g}"))
    return [*discoveries([effect_of(each, rows) for each in metrics]), differ]


def _notes(of: Within, metrics: Sequence[Metric], periods: Sequence[Period]) -> list[str]:
    notes = []
    if not periods:
        notes.append(
            "No record of a rollout of these two versions was found: they are compared within slices of the "
            "time in which both had traffic, and whether entities fell by chance cannot be checked."
        )
    if not any(each.name == "cost" for each in metrics):
        notes.append(
            "Too few acted-on decisions of both versions have a label: nothing is said of their cost."
        )
    else:
        notes.append(
            "People label what is unclear and a sample of the rest. The cost counts a look for each decision "
            "that went to people, and weighs the labels of those that were acted on by how many decisions "
            "each outcome had; it takes the labelled ones of an outcome to be like the others."
        )
    if _entities(of.rows, True) < LEAST_ENTITIES or _entities(of.rows, False) < LEAST_ENTITIES:
        notes.append(f"Under {LEAST_ENTITIES} entities of either version: no interval is believed yet.")
    return notes
