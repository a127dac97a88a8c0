"""Shapley values of the whole ensemble, by asking it: what each feature adds to the fraud probability.

The scale is the calibrated probability that decides, not log-odds: the values and the average probability
of the background add up to the transaction's probability. A coalition S of features is worth the mean, over
the background rows b, of the probability of a row that has the transaction's values in S and b's elsewhere
(interventional Shapley values; Lundberg and Lee 2017, https://arxiv.org/abs/1705.07874).

Features in which no background row differs from the transaction have no part. Up to `EXACT_UP_TO` others
all coalitions are asked; beyond, orders are drawn in antithetic pairs, an order and its reverse, each
background row equally often (Mitchell et al. 2022, https://jmlr.org/papers/v23/21-0439.html). One walk
along an order goes from the background row's probability to the transaction's, so what it gives out adds
up exactly, however few orders there are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

EXACT_UP_TO = 10
PAIRS = 8
"""Antithetic pairs of orders for each background row."""
ROWS_A_RUN = 8_192

Run = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.floating[Any]]]
"""The fraud probability, [rows], of float32 features [rows, features]."""
Values = npt.NDArray[np.float64]


class Explained(NamedTuple):
    """`values` has one number a feature; `base + values.sum()` is `probability`, to rounding in float64.

    `error` is the standard error of the least certain value: 0 where they are exact.
    """

    base: float
    values: Values
    probability: float
    exact: bool
    error: float


def explain(
    run: Run, row: npt.ArrayLike, background: npt.ArrayLike, *, seed: str, exact_up_to: int = EXACT_UP_TO
) -> Explained:
    """The Shapley values of `row` against the rows of `background`; the same `seed` draws the same orders."""
    own = np.asarray(row, dtype=np.float32)
    others = np.atleast_2d(np.asarray(background, dtype=np.float32))
    same = (own == others) | (np.isnan(own) & np.isnan(others))
    players = np.flatnonzero(~same.all(axis=0))
    ends = _run(run, np.vstack((others, own)))
    base, probability = float(ends[:-1].mean()), float(ends[-1])
    values = np.zeros(len(own))
    if len(players) <= exact_up_to:
        values[players] = _exact(run, own, others, players)
        error = 0.0
    else:
        values[players], error = _sampled(run, own, others, players, ends, seed)
    return Explained(base, values, probability, error == 0.0, error)


def _exact(
    run: Run, own: npt.NDArray[np.float32], others: npt.NDArray[np.float32], players: npt.NDArray[np.intp]
) -> Values:
    """Every coalition: its worth, weighed by Shapley's formula |S|! (n - |S| - 1)! / n!."""
    count = len(players)
    if count == 0:
        return np.zeros(0)
    members = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
    worth = np.empty(2**count)
    step = max(1, ROWS_A_RUN // len(others))
    for start in range(0, len(members), step):
        chosen = members[start : start + step]
        rows = np.tile(others, (len(chosen), 1))
        part = np.repeat(chosen, len(others), axis=0)
        rows[:, players] = np.where(part, own[players], rows[:, players])
        worth[start : start + step] = _run(run, rows).reshape(len(chosen), len(others)).mean(axis=1)
    sizes = members.sum(axis=1)
    weights = np.array(
        [
            math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            for size in range(count)
        ]
    )
    values = np.empty(count)
    for k in range(count):
        without = np.flatnonzero(~members[:, k])
        values[k] = (weights[sizes[without]] * (worth[without + (1 << k)] - worth[without])).sum()
    return values


def _sampled(
    run: Run,
    own: npt.NDArray[np.float32],
    others: npt.NDArray[np.float32],
    players: npt.NDArray[np.intp],
    ends: Values,
    seed: str,
) -> tuple[Values, float]:
    """Walks from each background row to the transaction; (values, the largest standard error)."""
    count = len(players)
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))
    drawn = random.permuted(np.tile(np.arange(count), (PAIRS * len(others), 1)), axis=1)
    orders = np.stack((drawn, drawn[:, ::-1]), axis=1).reshape(-1, count)
    starts = np.repeat(np.tile(np.arange(len(others)), PAIRS), 2)
    given = np.empty((len(orders), count))
    step = max(1, ROWS_A_RUN // count)
    for first in range(0, len(orders), step):
        part, start = orders[first : first + step], starts[first : first + step]
        reached = np.argsort(part, axis=1)[:, None, :] < np.arange(1, count)[None, :, None]
        rows = np.repeat(others[start], count - 1, axis=0)
        rows[:, players] = np.where(reached.reshape(-1, count), own[players], rows[:, players])
        between = _run(run, rows).reshape(len(part), count - 1)
        walk = np.column_stack((ends[start], between, np.full(len(part), ends[-1])))
        np.put_along_axis(given[first : first + step], part, np.diff(walk, axis=1), axis=1)
    pairs = given.reshape(-1, 2, count).mean(axis=1)
    # What differs from one background row to the next is no error: each has its share of the walks.
    spread = pairs.reshape(PAIRS, len(others), count).var(axis=0, ddof=1).mean(axis=0)
    return pairs.mean(axis=0), float(math.sqrt(spread.max() / len(pairs)))


def _run(run: Run, rows: npt.NDArray[np.float32]) -> Values:
    return np.asarray(run(rows), dtype=np.float64)
