"""Pearson's test of whether two samples fall into bins in the same proportions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lambdas.drift.statistics.gamma import chi_square_tail
from lambdas.drift.statistics.tested import Tested

Floats = npt.NDArray[np.float64]


def two_sample(first: Floats, second: Floats) -> Tested:
    """The chi-square test of homogeneity on the counts [bins] of two samples.

    The counts may be shares times an effective size: dividing by the mean design effect is the first-order
    correction of Rao and Scott (1981) for clustered rows. Bins that are empty in both do not count.
    """
    seen = (first + second) > 0
    bins = int(seen.sum())
    if bins < 2:
        return Tested("chi-square", 0.0, 1.0)
    value = statistic(first[seen], second[seen])
    return Tested("chi-square", value, chi_square_tail(value, bins - 1))


def statistic(first: Floats, second: Floats) -> float:
    """Pearson's statistic of two samples' counts, none of them 0 in both."""
    n, m = first.sum(), second.sum()
    if not n or not m:
        return 0.0
    apart = first * np.sqrt(m / n) - second * np.sqrt(n / m)
    return float((apart**2 / (first + second)).sum())
