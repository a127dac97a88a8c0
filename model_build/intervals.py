"""Confidence intervals for the figures of a report."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.value.worth import Rate

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 1000
_Z: Final = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


class Interval(msgspec.Struct, frozen=True):
    """An estimate with its 95 % confidence interval; all three are NaN-free, `n` rows stand behind it."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def rounded_interval(found: Interval) -> dict[str, float]:
    """`found` as the manifest holds it."""
    return {name: round(float(getattr(found, name)), 6) for name in ("value", "low", "high")}


def rate_of(found: Interval, part: float = 1.0) -> Rate:
    """`part` of the share `found`, as the manifest's `settings["business"]` has it."""
    return Rate(*(round(float(each) * part, 6) for each in (found.value, found.low, found.high)))


def wilson(successes: int, n: int) -> Interval:
    """The share `successes` / `n` with Wilson's score interval (Wilson 1927, JASA 22:209-212).

    Unlike the normal approximation it stays within 0 to 1 and holds for few rows. No rows: 0, 0 to 1.
    """
    if n == 0:
        return Interval(0.0, 0.0, 1.0, 0)
    share, square = successes / n, _Z * _Z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = _Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(share, low, high, n)


def mean_interval(values: Floats) -> Interval:
    """The mean of `values`, [n], with the normal interval of the central limit theorem. No rows: zeros."""
    n = len(values)
    if n == 0:
        return Interval(0.0, 0.0, 0.0, 0)
    mean = float(values.mean())
    half = _Z * float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    return Interval(mean, mean - half, mean + half, n)


def percentile_interval(value: float, resampled: Floats, n: int) -> Interval:
    """`value` with the middle 95 % of its bootstrap replicates (Efron 1979), widened to contain it."""
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value, min(float(low), value), max(float(high), value), n)


def resampled_confusions(confusion: Ints, *, seed: int, resamples: int = RESAMPLES) -> Ints:
    """Bootstrap replicates of a confusion matrix, [resamples, classes, classes].

    Drawing n rows with replacement and counting them is one multinomial draw over the matrix's cells,
    so no row has to be touched.
    """
    filled = np.flatnonzero(confusion)
    counts = confusion.ravel()[filled]
    total = int(counts.sum())
    drawn = np.zeros((resamples, confusion.size), dtype=np.int64)
    if total:
        rng = np.random.default_rng(seed)
        drawn[:, filled] = rng.multinomial(total, counts / total, size=resamples)
    return drawn.reshape(resamples, *confusion.shape)
