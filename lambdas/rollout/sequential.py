"""Inference that may be looked at at every moment: nothing here is spent by looking again.

Two kinds. Means and ratios get asymptotic confidence sequences; counts of rare events get e-processes, which
are exact. All functions take arrays of any leading shape, so that a simulation judges a thousand rollouts at
once with the very functions that judge one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_lgamma = np.vectorize(math.lgamma, otypes=[np.float64])


class Moments(NamedTuple):
    """What is kept of rows with d columns from `clusters` entities, whose rows may depend on each other.

    `totals` [..., d] are the columns' sums and `cross` [..., d, d] the sum over entities of the outer product
    of the entity's own sums. Moments of different entities add up.
    """

    clusters: Floats
    totals: Floats
    cross: Floats


class Estimate(NamedTuple):
    """A value with its variance, and the `n` rows of `clusters` entities behind it. All of the same shape."""

    value: Floats
    variance: Floats
    n: Floats
    clusters: Floats


def moments(columns: Floats, entity: Ints) -> Moments:
    """The Moments of `columns` [rows, d]; `entity` [rows] numbers the entities from 0 on."""
    count = int(entity.max()) + 1 if len(entity) else 0
    return moments_of([(columns, entity)], count, columns.shape[1])


def moments_of(parts: Iterable[tuple[Floats, Ints]], entities: int, width: int) -> Moments:
    """The Moments of rows that come in parts, of which only one is held at a time."""
    sums = np.zeros((entities, width))
    for columns, entity in parts:
        for k in range(width):
            sums[:, k] += np.bincount(entity, weights=columns[:, k], minlength=entities)
    return Moments(np.asarray(float(entities)), sums.sum(axis=0), sums.T @ sums)


def linearised(of: Moments, value: Floats, gradient: Floats, n: Floats) -> Estimate:
    """The Estimate of a smooth function of the totals, by its `gradient` [..., d] at the totals.

    The function must not change when all totals grow alike (a ratio, say), so the linearised values of the
    entities sum to 0 and their sum of squares is the variance: Taylor linearisation with entities as clusters
    and the factor C / (C - 1) (Wolter, Introduction to Variance Estimation, 2007, chapter 6).
    """
    squares = np.einsum("...i,...ij,...j->...", gradient, of.cross, gradient)
    factor = of.clusters / np.maximum(of.clusters - 1.0, 1.0)
    return Estimate(value, factor * np.maximum(squares, 0.0), n, of.clusters)


def ratio(of: Moments, top: int | tuple[int, int], bottom: int) -> Estimate:
    """The ratio of two columns' totals; with two on `top`, of the first less the second. 0 where none is."""
    plus, minus = top if isinstance(top, tuple) else (top, None)
    n = of.totals[..., bottom]
    whole = np.maximum(n, 1e-300)
    above = of.totals[..., plus] - (0.0 if minus is None else of.totals[..., minus])
    value = np.where(n > 0, above / whole, 0.0)
    gradient = np.zeros_like(of.totals)
    some = np.where(n > 0, 1.0 / whole, 0.0)
    gradient[..., plus] += some
    if minus is not None:
        gradient[..., minus] -= some
    gradient[..., bottom] -= value * some
    return linearised(of, value, gradient, n)


def share(of: Moments, top: int, bottom: int) -> Estimate:
    """The ratio where the `top` is 0 or 1 a row."""
    found = ratio(of, top, bottom)
    return at_least(found, found.value)


def at_least(found: Estimate, part: Floats) -> Estimate:
    """`found` with no less variance than independent rows have with this share, and with one more entity that
    has it and one more that has not (Laplace's rule of succession): 50 of 50 are no certainty."""
    smoothed = (np.clip(part, 0.0, 1.0) * found.clusters + 1.0) / (found.clusters + 2.0)
    least = smoothed * (1.0 - smoothed) / np.maximum(found.n, 1.0)
    return found._replace(variance=np.maximum(found.variance, least))


def difference(first: Estimate, second: Estimate) -> Estimate:
    """`first` less `second`, two sets of entities that have none in common.

    The smaller side is taken to vary a row at least as much as the larger: of ten rows none may happen to be
    an event, and a variance of 0 would make the rest certain. Where both sides are alike, which is what is
    tested, this costs next to nothing.
    """
    each, other = first.variance * first.n, second.variance * second.n
    smaller = first.n <= second.n
    rows = (np.maximum(first.n, 1.0), np.maximum(second.n, 1.0))
    variance = (
        np.where(smaller, np.maximum(each, other), each) / rows[0]
        + np.where(smaller, other, np.maximum(each, other)) / rows[1]
    )
    behind = (np.minimum(first.n, second.n), np.minimum(first.clusters, second.clusters))
    return Estimate(first.value - second.value, variance, *behind)


def tuned_for(effect: float, alpha: float) -> float:
    """The information (1 / variance) that `radius` should be `tuned` to, so that it is tightest about when an
    effect of this size can just be told from 0.

    tau* = 2 ln(1/alpha) + ln(1 + 2 ln(1/alpha)) is what Waudby-Smith et al. give for their rho squared times
    the time that matters most. Chosen before anything is seen, as the theory wants.
    """
    best = 2.0 * math.log(1.0 / alpha) + math.log1p(2.0 * math.log(1.0 / alpha))
    return _factor(np.asarray(best), alpha, sides=1).item() ** 2 / (best * effect * effect)


def radius(variance: Floats, *, alpha: float, tuned: float, sides: int) -> Floats:
    """How far the truth may be from an estimate with this `variance`, at all looks together but for `alpha`.

    The asymptotic confidence sequence by Robbins' normal mixture: Waudby-Smith, Arbour, Sinha, Kennedy and
    Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52
    (2024), arXiv 2103.06476, Theorem 2.2 (`sides` 2) and its one-sided form (`sides` 1: the truth is not
    below the estimate less the radius). With tau = information / tuned, their t rho^2, and s the standard
    error:

        two-sided  s sqrt(2 (1 + 1/tau) ln(sqrt(1 + tau) / alpha))
        one-sided  s sqrt(2 (1 + 1/tau) ln(1 + sqrt(1 + tau) / (2 alpha)))

    The second follows from the mixture over the positive half of the normal distribution, whose value at
    that point is at least 1 / alpha. Time is the information and not the number of entities, because an
    entity that comes back adds to the first alone. Its rows go together, so the estimates at two times are
    more alike than those of independent rows with the same variances, and cross the bound no more often
    (Slepian 1962). Infinite where the variance is not positive.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        time = 1.0 / (variance * tuned)
        found = np.sqrt(variance) * _factor(time, alpha, sides=sides)
    return np.where((variance > 0) & np.isfinite(found), found, np.inf)


def _factor(time: Floats, alpha: float, *, sides: int) -> Floats:
    root = np.sqrt(1.0 + time)
    inside = np.log1p(root / (2.0 * alpha)) if sides == 1 else np.log(root / alpha)
    found: Floats = np.sqrt(2.0 * (1.0 + 1.0 / time) * inside)
    return found


_ODDS: Final[Floats] = np.geomspace(1.2, 300.0, 48)


def log_above(events: Floats, n: Floats, chance: Floats | float) -> Floats:
    """The log of the e-value that `events` of `n` independent trials are more than a `chance` of each makes.

    H0: the chance of an event is `chance` or less. The e-value is the likelihood ratio, averaged over 48
    alternatives whose odds are 1.2 to 300 times those of H0:

        E = mean over k of (theta_k / theta_0)^events ((1 - theta_k) / (1 - theta_0))^(n - events)

    Each factor has at most the mean 1 under H0 whatever was seen before, so E is an e-process: that it ever
    reaches 1 / alpha has at most the chance alpha (Ville 1939). Lindon and Malek, "Anytime-valid inference
    for multinomial count data", NeurIPS 2022, for two arms: given that there is an event, the chance that
    it falls on an arm is the arm's share of the traffic. They average over a Beta distribution, which sees
    both directions; these alternatives lie on the one side that is harm.
    """
    odds = np.asarray(chance, dtype=np.float64)[..., None]
    odds = odds / (1.0 - odds)
    up = np.log(_ODDS) + np.log1p(odds) - np.log1p(odds * _ODDS)
    down = np.log1p(odds) - np.log1p(odds * _ODDS)
    events, n = np.asarray(events, dtype=np.float64)[..., None], np.asarray(n, dtype=np.float64)[..., None]
    each = events * up + (n - events) * down
    highest = each.max(axis=-1, keepdims=True)
    found: Floats = np.log(np.exp(each - highest).mean(axis=-1)) + highest[..., 0]
    return found


def log_mismatch(first: Floats, n: Floats, share: float, *, weight: float = 100.0) -> Floats:
    """The log of the e-value that `first` of `n` entities on an arm is not what its `share` makes.

    Lindon and Malek (2022), the test of the sample ratio: with a = weight share and b = weight (1 - share),

        E = B(a + first, b + n - first) / B(a, b) / (share^first (1 - share)^(n - first))

    the likelihood averaged over Beta(a, b), over that of H0. It is an e-process, for both directions.
    """
    a, b = weight * share, weight * (1.0 - share)
    first, n = np.asarray(first, dtype=np.float64), np.asarray(n, dtype=np.float64)
    seen = _lgamma(a + first) + _lgamma(b + n - first) - _lgamma(weight + n)
    before = math.lgamma(a) + math.lgamma(b) - math.lgamma(weight)
    found: Floats = seen - before - first * math.log(share) - (n - first) * math.log1p(-share)
    return found
