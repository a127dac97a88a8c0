"""The same question where the chi-square distribution is no good approximation: who belongs where is
shuffled."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lambdas.drift.statistics.chi_square import statistic
from lambdas.drift.statistics.tested import Tested

MOST_DRAWS: Final = 20_000
ENOUGH: Final = 20
"""Draws at least as extreme as what was seen, after which it is clear that nothing is."""
_AT_ONCE: Final = 1_000


def permutation(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], seed: int = 1) -> Tested:
    """Monte Carlo permutation test on the counts [bins] of two samples, with Pearson's statistic.

    Both margins stay as they are, so a shuffle is a draw from the multivariate hypergeometric distribution. p
    is that of the sequential test of Besag and Clifford (1991), which is exact: it ends early where nothing
    is unusual. The same counts and seed give the same answer.
    """
    seen = (first + second) > 0
    first, second = first[seen], second[seen]
    if len(first) < 2 or not first.sum() or not second.sum():
        return Tested("permutation", 0.0, 1.0)
    chance, total = np.random.default_rng(seed), first + second
    size = int(second.sum())
    found = statistic(first.astype(np.float64), second.astype(np.float64))
    # In a permutation the statistic grows with this sum alone, because the margins stay.
    wanted = float((second**2 / total).sum()) * (1.0 - 1e-12)
    extreme = drawn = 0
    while drawn < MOST_DRAWS:
        draws = chance.multivariate_hypergeometric(total, size, size=_AT_ONCE, method="marginals")
        reached = np.flatnonzero((draws**2 / total).sum(axis=1) >= wanted)
        if extreme + len(reached) >= ENOUGH:
            return Tested("permutation", found, ENOUGH / (drawn + int(reached[ENOUGH - extreme - 1]) + 1))
        extreme += len(reached)
        drawn += _AT_ONCE
    return Tested("permutation", found, (extreme + 1) / (drawn + 1))
