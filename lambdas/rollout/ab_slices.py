"""Which decisions of an A/B report are compared with which: those of the same slice of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from lambdas.observations.window import Bools, Window
from lambdas.rollout.ab_effects import Rows
from lambdas.rollout.ab_types import Period
from lambdas.rollout.judge_columns import Ints, entities

SLICES: Final = 24
"""Where no rollout says when the share changed, the time that both versions had is cut into so many."""
A_SLICE: Final = 50
"""Decisions of either version that a slice should have on average; with few there are fewer slices."""


class Compared(NamedTuple):
    """Decisions, which of them had B, and the slice of each (-1: in none)."""

    window: Window
    b: Bools
    slices: Ints

    @property
    def both_there(self) -> bool:
        """Whether any slice has decisions of both."""
        return bool(len(np.intersect1d(self.slices[self._has(True)], self.slices[self._has(False)])))

    def _has(self, side: bool) -> Bools:
        has: Bools = (self.slices >= 0) & (self.b == side)
        return has

    def within(self) -> Within:
        """Only what is in a slice that has both."""
        both = np.intersect1d(self.slices[self._has(True)], self.slices[self._has(False)])
        kept = np.isin(self.slices, both) & (self.slices >= 0)
        window = self.window.where(kept)
        slices = np.searchsorted(both, self.slices[kept])
        return Within(window, Rows(self.b[kept], slices, entities(window)))


class Within(NamedTuple):
    window: Window
    rows: Rows

    def where(self, some: Bools) -> Within:
        """Only these."""
        return Within(self.window.where(some), self.rows.where(some))


def slices_of(window: Window, b: Bools, periods: Sequence[Period]) -> Ints:
    """The slice of each row of either version, -1 for none."""
    slices = np.full(len(window), -1, dtype=np.intp)
    ours = window.version.codes >= 0
    if periods:
        for number, period in enumerate(periods):
            slices[(window.at >= period.since) & (window.at < period.until) & ours] = number
        return slices
    sides = window.at[b], window.at[~b]
    if not all(len(side) for side in sides):
        return slices
    since, until = max(side.min() for side in sides), min(side.max() for side in sides)
    if until < since:
        return slices
    inside = (window.at >= since) & (window.at <= until)
    fewest = min(int((inside & b).sum()), int((inside & ~b).sum()))
    count = min(SLICES, max(1, fewest // A_SLICE))
    number = np.floor((window.at - since) / max(until - since, 1e-9) * count).astype(np.intp)
    slices[inside] = np.minimum(number[inside], count - 1)
    return slices


def failed_of(window: Window) -> Bools:
    """Which decisions somebody else answered than the variant that they fell to."""
    failed = np.ones(len(window), dtype=np.bool_)
    for variant in ("champion", "challenger"):
        failed &= ~(window.assigned.is_(variant) & window.variant.is_(variant))
    return failed
