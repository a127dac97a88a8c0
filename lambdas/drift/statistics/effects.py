"""How much has changed, apart from how sure it is: with a million rows anything is sure."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
HALF = 0.5
"""Added to each count, so that a bin that one side never saw is far away and not infinitely so (Jeffreys)."""


def stability_index(before: Floats, now: Floats) -> float:
    """The population stability index of two samples' counts [bins], less what chance alone gives it.

    PSI = sum((q - p) ln(q / p)) over the shares of the bins (Lewis 1994; it is the symmetrised
    Kullback-Leibler divergence). Its usual reading: under 0.1 nothing, above 0.25 much. For equal
    distributions it is about (bins - 1) (1 / n + 1 / m) (Yurdakul 2018), which is taken off; never below 0.
    """
    seen = (before + now) > 0
    bins = int(seen.sum())
    if bins < 2 or not before.sum() or not now.sum():
        return 0.0
    n, m = float(before.sum()), float(now.sum())
    p, q = (before[seen] + HALF) / (n + HALF * bins), (now[seen] + HALF) / (m + HALF * bins)
    chance = (bins - 1) * (1.0 / n + 1.0 / m)
    return max(0.0, float(((q - p) * np.log(q / p)).sum()) - chance)


def jensen_shannon(before: Floats, now: Floats) -> float:
    """The Jensen-Shannon distance of two samples' counts [bins], 0 for the same shares to 1 for no bin in
    common: the root of the divergence in bits (Lin 1991; Endres and Schindelin 2003)."""
    if not before.sum() or not now.sum():
        return 0.0
    p, q = before / before.sum(), now / now.sum()
    middle = (p + q) / 2
    return math.sqrt(max(0.0, (_bits(p, middle) + _bits(q, middle)) / 2))


def _bits(p: Floats, q: Floats) -> float:
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())


def total_variation(before: Floats, now: Floats) -> float:
    """Half the sum of the differences of the shares: the part of the rows that would have to change bins."""
    if not before.sum() or not now.sum():
        return 0.0
    return float(np.abs(before / before.sum() - now / now.sum()).sum()) / 2


def largest_h(before: Floats, now: Floats) -> float:
    """The largest of Cohen's h (1988) over the bins of two samples' counts: |2 asin sqrt q - 2 asin sqrt p|.

    The same step weighs more where a share is small: declines that double from 1 % are 0.08, and so is 50 %
    to 54 %. Cohen calls 0.2 small.
    """
    if not before.sum() or not now.sum():
        return 0.0
    p, q = before / before.sum(), now / now.sum()
    return float(np.abs(2 * np.arcsin(np.sqrt(q)) - 2 * np.arcsin(np.sqrt(p))).max())


def wasserstein(before: Floats, now: Floats, places: Floats) -> float:
    """How far a row has moved on average, in the unit of `places`: where the bins are, ascending.

    The first Wasserstein distance of the two samples' counts [bins]: the area between their distribution
    functions. `places` [bins] are points; [bins + 1] are the ends of bins, over which rows are spread evenly.
    """
    if not before.sum() or not now.sum():
        return 0.0
    gap = np.cumsum(now / now.sum() - before / before.sum())
    if len(places) == len(before):
        return float((np.abs(gap[:-1]) * np.diff(places)).sum())
    left, right = np.r_[0.0, gap[:-1]], gap
    apart = np.abs(left) + np.abs(right)
    crossing = left * right < 0
    area = np.where(crossing, (left**2 + right**2) / np.where(apart > 0, apart, 1.0), apart) / 2
    return float((area * np.diff(places)).sum())
