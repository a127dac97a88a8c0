"""One thing that is watched, now against before: the test that fits, and how much has changed."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lambdas.drift.bins import Expected
from lambdas.drift.entities import Tally
from lambdas.drift.statistics import effects
from lambdas.drift.statistics.chi_square import two_sample
from lambdas.drift.statistics.fisher import fisher
from lambdas.drift.statistics.permutation import permutation
from lambdas.drift.statistics.tested import Tested

Floats = npt.NDArray[np.float64]
Measure = Literal["psi", "h"]

SMALL: Final = 500
"""Independent rows on the smaller side, below which the tests are exact ones."""
LEAST_EXPECTED: Final = 5.0
"""Rows that the chi-square test wants in a bin (Cochran 1954); rarer bins are put together."""


class Change(NamedTuple):
    """What a comparison finds. `moved` is in standard deviations of the reference, None for words."""

    tested: Tested
    effect: float
    jensen_shannon: float
    total_variation: float
    moved: float | None


def compare(before: Expected, now: Tally, measure: Measure) -> Change:
    """`now` against `before`, by the population stability index or by Cohen's h."""
    old, new = before.counts, now.counts
    return Change(
        tested=test(old, new),
        effect=effects.stability_index(old, new) if measure == "psi" else effects.largest_h(old, new),
        jensen_shannon=effects.jensen_shannon(old, new),
        total_variation=effects.total_variation(old, new),
        moved=_moved(before, new),
    )


def test(old: Floats, new: Floats) -> Tested:
    """The test that fits counts [bins] of this size: Fisher's for two bins and few rows, a permutation test
    for few rows, the chi-square test otherwise."""
    seen = (old + new) > 0
    few = min(old.sum(), new.sum()) < SMALL
    if few and int(seen.sum()) == 2:
        (a, b), (c, d) = np.rint(old[seen]).astype(int).tolist(), np.rint(new[seen]).astype(int).tolist()
        return fisher(c, c + d, a, a + b)
    if few:
        return permutation(np.rint(old).astype(np.int64), np.rint(new).astype(np.int64))
    return two_sample(*_together(old, new))


def _together(old: Floats, new: Floats) -> tuple[Floats, Floats]:
    """The counts, with the bins that expect too few rows as one."""
    whole = old + new
    rare = whole * min(old.sum(), new.sum()) / whole.sum() < LEAST_EXPECTED
    if int(rare.sum()) < 2:
        return old, new
    return np.r_[old[~rare], old[rare].sum()], np.r_[new[~rare], new[rare].sum()]


def _moved(before: Expected, new: Floats) -> float | None:
    if before.std <= 0.0:
        return None
    places = before.places()
    bins = len(before.names) - 2
    if not new[:bins].sum():
        return None
    return effects.wasserstein(before.counts[:bins], new[:bins], places) / before.std
