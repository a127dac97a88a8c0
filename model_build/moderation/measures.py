"""How well probabilities tell what breaks a policy, with intervals from resampled rows (the Bayesian way of
drawing weights: Poisson(1), which needs no copy of the rows)."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.detection.measures import areas, curve
from model_build.intervals import Interval, percentile_interval

RESAMPLES: Final = 200

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]


class Ranking(msgspec.Struct, frozen=True):
    """How one source of scores tells `broken` of `rows` rows: area under the ROC curve and average precision.
    `f1` and `brier` (the mean squared error of a probability) only where scores are probabilities; F1 is that
    of "broken" from 0.5 on."""

    name: str
    rows: int
    broken: int
    auc: Interval
    average_precision: Interval
    f1: Interval | None = None
    brier: Interval | None = None


def rank(
    name: str,
    scores: Floats,
    broken: Bools,
    seed: int,
    *,
    probabilities: bool = True,
    resamples: int = RESAMPLES,
) -> Ranking:
    """The Ranking of `scores`, [rows], where the truth is `broken`. Without rows of both kinds the areas say
    nothing: an Interval with n 0."""
    rng = np.random.default_rng(seed)
    steps = curve(scores)
    weights = [
        np.ones(len(scores)),
        *(rng.poisson(1.0, len(scores)).astype(np.float64) for _ in range(resamples)),
    ]
    both = np.array([areas(steps, broken, each) for each in weights])
    found = Ranking(
        name, len(scores), int(broken.sum()), _interval(both[:, 0], broken), _interval(both[:, 1], broken)
    )
    if not probabilities:
        return found
    errors = (scores - broken) ** 2
    said = scores >= 0.5
    f1 = np.array([_f1(said, broken, each) for each in weights])
    brier = np.array([float(each @ errors / max(each.sum(), 1.0)) for each in weights])
    return msgspec.structs.replace(found, f1=_interval(f1, broken), brier=_interval(brier, broken))


def _f1(said: Bools, broken: Bools, weights: Floats) -> float:
    both = 2 * float(weights @ (said & broken))
    return both / max(float(weights @ said.astype(np.float64) + weights @ broken.astype(np.float64)), 1e-12)


def _interval(values: Floats, broken: Bools) -> Interval:
    """Of the value on the rows themselves, the first, and its replicates."""
    known = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or not len(known):
        return Interval(0.0, 0.0, 0.0, 0)
    return percentile_interval(float(values[0]), known, len(broken))
