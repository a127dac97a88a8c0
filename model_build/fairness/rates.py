"""From counts by group to rates and the gaps between groups, for one count or for many replicates at once.

Counts are [..., groups, 4], in the order of `cells.py`. A rate without rows behind it is NaN.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from model_build.fairness.cells import FALSE_ALARM, MISSED, RIGHT_NO, RIGHT_YES

Floats = npt.NDArray[np.floating[Any]]
Counts = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def false_positive_rate(counts: Counts) -> Floats:
    """Of the rows that are not, the share chosen: [..., groups]."""
    return _share(counts[..., FALSE_ALARM], negatives(counts))


def false_negative_rate(counts: Counts) -> Floats:
    """Of the rows that are, the share not chosen."""
    return _share(counts[..., MISSED], positives(counts))


def selection_rate(counts: Counts) -> Floats:
    """The share chosen."""
    return _share(counts[..., FALSE_ALARM] + counts[..., RIGHT_YES], counts.sum(axis=-1))


def accuracy(counts: Counts) -> Floats:
    """The share decided as it is."""
    return _share(counts[..., RIGHT_NO] + counts[..., RIGHT_YES], counts.sum(axis=-1))


def positives(counts: Counts) -> Counts:
    """How many rows are."""
    total: Counts = counts[..., MISSED] + counts[..., RIGHT_YES]
    return total


def negatives(counts: Counts) -> Counts:
    """How many rows are not."""
    total: Counts = counts[..., RIGHT_NO] + counts[..., FALSE_ALARM]
    return total


def everyone(counts: Counts) -> Counts:
    """How many rows there are."""
    total: Counts = counts.sum(axis=-1)
    return total


def spread(rate: Floats) -> Floats:
    """The highest less the lowest of the groups, [...]; NaN where fewer than two have a rate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all of them NaN
        gap: Floats = np.nanmax(rate, axis=-1) - np.nanmin(rate, axis=-1)
    return gap


def ratio(rate: Floats) -> Floats:
    """The lowest over the highest of the groups; 1 when nobody is chosen anywhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = np.nanmin(rate, axis=-1), np.nanmax(rate, axis=-1)
        found: Floats = np.where(high > 0, low / np.where(high > 0, high, 1.0), 1.0)
    return found


def equalised_odds(counts: Counts) -> Floats:
    """The wider of the gaps of the two error rates (Hardt, Price and Srebro 2016)."""
    return np.fmax(spread(false_positive_rate(counts)), spread(false_negative_rate(counts)))


FALSE_POSITIVES: Final = "false positive rate"
FALSE_NEGATIVES: Final = "false negative rate"
EQUALISED_ODDS: Final = "equalised odds"
PARITY: Final = "demographic parity"
PARITY_RATIO: Final = "demographic parity ratio"

Enough = Callable[[Counts, int], Bools]
GAPS: Final[dict[str, tuple[Callable[[Counts], Floats], Enough]]] = {
    FALSE_POSITIVES: (lambda c: spread(false_positive_rate(c)), lambda c, n: negatives(c) >= n),
    FALSE_NEGATIVES: (lambda c: spread(false_negative_rate(c)), lambda c, n: positives(c) >= n),
    EQUALISED_ODDS: (equalised_odds, lambda c, n: (negatives(c) >= n) & (positives(c) >= n)),
    PARITY: (lambda c: spread(selection_rate(c)), lambda c, n: everyone(c) >= n),
    PARITY_RATIO: (lambda c: ratio(selection_rate(c)), lambda c, n: everyone(c) >= n),
}
"""By name: the gap over groups, and which groups have rows enough to count in it."""


def by_chance(name: str, counts: Counts, *, seed: int, draws: int = 1000) -> float:
    """The gap `name` that groups of these sizes, [groups, 4], stay within 95 times of 100 when all are alike.

    All then have the rates of all together. It is an upper end for a difference, a lower one for a ratio.
    """
    rng, whole = np.random.default_rng(seed), counts.sum(axis=0)
    alike = np.zeros((draws, *counts.shape), dtype=np.int64)
    size = (draws, len(counts))
    if name in {PARITY, PARITY_RATIO}:
        n = everyone(counts)
        alike[..., FALSE_ALARM] = rng.binomial(n, float(selection_rate(whole)), size=size)
        alike[..., RIGHT_NO] = n - alike[..., FALSE_ALARM]
    else:
        for wrong, right, n, rate in (
            (FALSE_ALARM, RIGHT_NO, negatives(counts), false_positive_rate(whole)),
            (MISSED, RIGHT_YES, positives(counts), false_negative_rate(whole)),
        ):
            alike[..., wrong] = rng.binomial(n, float(np.nan_to_num(rate)), size=size)
            alike[..., right] = n - alike[..., wrong]
    return float(np.nanquantile(GAPS[name][0](alike), 0.05 if name == PARITY_RATIO else 0.95))


def _share(part: Counts, whole: Counts) -> Floats:
    found: Floats = np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
    return found
