"""One thing that is watched from window to window: what it was, and for how long it has been off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from lambdas.drift.bins import Expected
from lambdas.drift.compare import Change, Measure, compare
from lambdas.drift.entities import Floats, Tally
from lambdas.drift.limits import Limits

FORGETS: Final = 0.9
"""What is left of a window in the own past after one more: ten windows' worth is remembered."""


class Watched(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of it. Counts are those of so many independent rows, in the order of its bins.

    `past` is the own past, `recent` the newest windows, `names` the words that the bins stand for where
    training did not say them. It is compared with its `own` past when it was unlike the training data from
    the first window on, or when training knows that it moves by itself. `off` and `fine` count windows in a
    row, `seen` all that a verdict was given on.
    """

    past: list[float] = []
    recent: list[list[float]] = []
    names: list[str] = []
    own: bool = False
    seen: int = 0
    off: int = 0
    fine: int = 0
    on: bool = False


@dataclass(frozen=True)
class Look:
    """One comparison: `now` with `before`, of the newest window alone or of the `recent` ones."""

    recent: bool
    before: Expected
    now: Tally
    change: Change


def expected(known: Watched, training: Expected) -> Expected | None:
    """What it is compared with: training, or its own past; None when that has not begun."""
    if not known.own:
        return training
    past = np.array(known.past, np.float64)
    return (
        replace(training, shares=past / past.sum(), effective=float(past.sum())) if past.sum() > 0 else None
    )


def looks(known: Watched, before: Expected, now: Tally, measure: Measure) -> list[Look]:
    """The comparisons to be made; `known` does not have `now` in it yet."""
    found = [Look(False, before, now, compare(before, now, measure))]
    if known.recent:
        counts = np.array([*known.recent, now.counts.tolist()], np.float64).sum(axis=0)
        together = Tally(counts / counts.sum(), float(counts.sum()))
        found.append(Look(True, before, together, compare(before, together, measure)))
    return found


def step(
    known: Watched,
    counts: Floats,
    off: bool | None,
    limits: Limits,
    *,
    back: bool = False,
    leans: bool = False,
) -> Watched:
    """`known` after one more window; `off` is the verdict, None for one to learn from.

    `back`: the newest window alone is nearly as before. Then an alarm does not go on for what the recent ones
    say together, which is a week old: somebody has mended the cause.

    One that was off in each of the first windows has been unlike the training data ever since the bundle
    answers: that is said once, and from then on it is compared with its own past. So is what `leans`: the
    first week together is unlike the training data by half of what is drift, which is no news later. What is
    off is not learned from.
    """
    if known.on and back:
        known, off = msgspec.structs.replace(known, recent=[]), False
    past = np.array(known.past, np.float64) if known.past else np.zeros(len(counts))
    recent = [*known.recent, counts.tolist()][-max(limits.recent - 1, 0) :] if limits.recent > 1 else []
    if not (off and known.own):
        past = FORGETS * past + counts
    known = msgspec.structs.replace(
        known, past=[round(float(each), 3) for each in past],
        recent=[[round(float(each), 3) for each in one] for one in recent],
    )  # fmt: skip
    if off is None:
        return known
    known = msgspec.structs.replace(
        known, seen=known.seen + 1, off=known.off + 1 if off else 0, fine=0 if off else known.fine + 1
    )
    if known.off == limits.in_a_row and known.seen <= limits.recent and not known.own:
        return msgspec.structs.replace(known, own=True, off=0)
    if leans and known.seen == limits.recent and not known.own and not known.on:
        return msgspec.structs.replace(known, own=True, off=0)
    on = known.off >= limits.in_a_row or (known.on and known.fine < limits.fine_again)
    return msgspec.structs.replace(known, on=on)
