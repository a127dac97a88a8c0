"""How well scores put the rare yes first, with intervals by resampling whole cards.

A card's frauds come in bursts, so its rows are no independent witnesses: a replicate draws cards with
replacement and takes all rows of each (the cluster bootstrap; Field and Welsh 2007).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.intervals import Interval, percentile_interval

RESAMPLES: Final = 200
DAY_MS: Final = 86_400_000

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Ranked(msgspec.Struct, frozen=True):
    """How well one model ranks: area under the ROC curve, average precision; over all days the share of
    frauds among the `k` highest of each day (`precision_at_k`), and of the frauds that are among them."""

    name: str
    auc: Interval
    average_precision: Interval
    precision_at_k: Interval
    caught_at_k: Interval
    ahead: Interval | None = None
    """By how much the first model's average precision is above this one's, on the same replicates."""


class Curve(NamedTuple):
    """Rows from the highest score down, those of one score as one step: `order` of the rows, and the last
    place of each step."""

    order: Ints
    ends: Ints


def curve(scores: Floats) -> Curve:
    """The steps of `scores`."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    return Curve(order, np.r_[np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1])


def areas(steps: Curve, fraud: Bools, weights: Floats) -> tuple[float, float]:
    """(area under the ROC curve, average precision) of weighted rows; NaN without both classes."""
    weight, yes = weights[steps.order], (weights * fraud)[steps.order]
    found, seen = np.cumsum(yes)[steps.ends], np.cumsum(weight)[steps.ends]
    total, others = found[-1], seen[-1] - found[-1]
    if not total > 0 or not others > 0:
        return float("nan"), float("nan")
    gained = np.diff(found, prepend=0.0)
    false = np.diff(seen - found, prepend=0.0)
    auc = float((false * (found - gained / 2)).sum() / (total * others))
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    return auc, float((gained * precision).sum() / total)


@dataclass(frozen=True)
class Truth:
    """What was to be ranked: the truth, and the day and the card of each row."""

    fraud: Bools
    days: Ints
    cards: Ints


def truth_of(fraud: Bools, times: Ints, cards: Ints) -> Truth:
    """From times in ms since 1970 UTC and any numbers for cards."""
    return Truth(fraud, times // DAY_MS, np.unique(cards, return_inverse=True)[1])


def rank(scores: Mapping[str, Floats], rows: Truth, k: int, seed: int) -> list[Ranked]:
    """How well each of `scores` ranks `rows`; the others are compared with the first."""
    rng = np.random.default_rng(seed)
    groups = int(rows.cards.max()) + 1
    draws = rng.multinomial(groups, np.full(groups, 1 / groups), size=RESAMPLES).astype(np.float64)
    results: list[Ranked] = []
    first: Floats | None = None
    for name, score in scores.items():
        steps = curve(score)
        auc, precision = areas(steps, rows.fraud, np.ones(len(score)))
        replicates = np.array([areas(steps, rows.fraud, draw[rows.cards]) for draw in draws])
        ahead = None
        if first is None:
            first = np.append(replicates[:, 1], precision)
        else:
            gap = first - np.append(replicates[:, 1], precision)
            ahead = _interval(float(gap[-1]), gap[:-1], rows)
        at, caught = _at_top(score, rows, k, rng)
        results.append(
            Ranked(
                name,
                _interval(auc, replicates[:, 0], rows),
                _interval(precision, replicates[:, 1], rows),
                at,
                caught,
                ahead,
            )
        )
    return results


def alerts(scores: Floats, days: Ints, k: int) -> Bools:
    """Which rows are among the `k` highest of their day."""
    order = np.lexsort((-scores, days))
    day = days[order]
    place = np.arange(len(day)) - np.searchsorted(day, day)
    chosen = np.zeros(len(day), dtype=np.bool_)
    chosen[order] = place < k
    return chosen


def _at_top(scores: Floats, rows: Truth, k: int, rng: np.random.Generator) -> tuple[Interval, Interval]:
    """The precision and the recall of each day's `k` highest; the intervals resample days."""
    chosen = alerts(scores, rows.days, k)
    number = np.unique(rows.days, return_inverse=True)[1]
    alerted, right, all_ = (
        np.bincount(number, weights=each).astype(np.float64)
        for each in (chosen, chosen & rows.fraud, rows.fraud)
    )
    days = len(alerted)
    draws = rng.multinomial(days, np.full(days, 1 / days), size=RESAMPLES)
    found = []
    for part, whole in ((right, alerted), (right, all_)):
        below = draws @ whole
        drawn = np.divide(draws @ part, below, out=np.zeros(len(draws)), where=below > 0)
        found.append(percentile_interval(float(part.sum() / max(whole.sum(), 1.0)), drawn, int(whole.sum())))
    return found[0], found[1]


def _interval(value: float, replicates: Floats, rows: Truth) -> Interval:
    known = replicates[np.isfinite(replicates)]
    if not len(known) or not np.isfinite(value):
        return Interval(0.0, 0.0, 0.0, 0)
    return percentile_interval(value, known, int(rows.fraud.sum()))
