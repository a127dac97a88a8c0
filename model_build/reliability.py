"""Whether a confidence of 0.8 is right 8 times in 10."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.intervals import Interval, percentile_interval, wilson

BINS: Final = 15
RESAMPLES: Final = 200

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Bin(msgspec.Struct, frozen=True):
    """Rows of like confidence: their mean confidence, and how many of them are right."""

    confidence: float
    accuracy: Interval


class Reliability(msgspec.Struct, frozen=True):
    """`ece` is the expected calibration error of the winning class's probability; see `expected_error`."""

    ece: Interval
    bins: list[Bin]


def reliability(probabilities: Floats, labels: Ints, *, seed: int, bins: int = BINS) -> Reliability:
    """How far `probabilities`, [rows, classes], can be believed on rows they were not fitted to.

    The interval comes from bootstrapped rows. Resampling adds noise within the bins, so the replicates
    lie somewhat high and the interval is a cautious one.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    return reliability_of(confidence, probabilities.argmax(axis=1) == labels, seed=seed, bins=bins)


def reliability_of(
    confidence: Floats, right: Bools, *, seed: int, bins: int = BINS, rare: bool = False
) -> Reliability:
    """The same of any probability, [rows], of what came true or not.

    What is `rare` would all lie in the last of bins of equal size: its bins expect equally many instead.
    """
    binned = _equal_expected if rare else _equal_mass
    rng = np.random.default_rng(seed)
    n = len(right)
    replicates = np.empty(RESAMPLES)
    for k in range(RESAMPLES):
        drawn = rng.integers(0, n, n)
        replicates[k] = expected_error(confidence[drawn], right[drawn], bins, binned)
    ece = percentile_interval(expected_error(confidence, right, bins, binned), replicates, n)
    groups = [group for group in binned(confidence, bins) if len(group)]
    return Reliability(
        ece,
        [
            Bin(float(confidence[group].mean()), wilson(int(right[group].sum()), len(group)))
            for group in groups
        ],
    )


def expected_error(
    confidence: Floats,
    right: Bools,
    bins: int = BINS,
    binned: Callable[[Floats, int], list[Ints]] | None = None,
) -> float:
    """The expected calibration error: the mean over bins of |accuracy - mean confidence|, weighted by rows.

    Guo et al. 2017, with bins of equal mass instead of equal width: less biased (Roelofs et al. 2022).
    """
    gaps = [
        abs(float(right[group].sum() - confidence[group].sum()))
        for group in (binned or _equal_mass)(confidence, bins)
    ]
    return sum(gaps) / len(confidence)


def _equal_mass(confidence: Floats, bins: int) -> list[Ints]:
    """The rows of each bin; the last bins may be empty when there are fewer rows than bins."""
    return np.array_split(np.argsort(confidence, kind="stable"), bins)


def _equal_expected(confidence: Floats, bins: int) -> list[Ints]:
    """The rows of each bin, whose confidences add up to about the same."""
    order = np.argsort(confidence, kind="stable")
    reached = np.cumsum(confidence[order])
    return np.split(order, np.searchsorted(reached, reached[-1] * np.arange(1, bins) / bins))
