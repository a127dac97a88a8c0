"""From which probability a post is removed, and from which people look, on the calibrate split.

Removal is precision first: the lowest bound at which the asked share of what it removes breaks the policy,
and at which one may be 95 % confident that it is not SLACK less. Review is recall first: the highest bound
at or above which the asked share of what breaks it lies.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.verdict import Bounds
from model_build.moderation.costs import PolicyRule
from model_build.thresholds import NEVER

Z: Final = 1.6448536269514722
"""The 95 % quantile of the standard normal distribution: a one-sided interval."""

SLACK: Final = 0.05
EVEN: Final = 0.5
"""No post that is likelier fine than not is removed without a person,
however right the removals are together."""

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def choose_bounds(probabilities: Floats, broken: Bools, rule: PolicyRule, least_removals: int) -> Bounds:
    """The bounds from rows of calibrated `probabilities`, [rows], and whether they break the policy."""
    remove = removal_bound(probabilities, broken, rule.remove_precision, least_removals)
    return Bounds(min(review_bound(probabilities, broken, rule.review_recall), remove), remove)


def removal_bound(probabilities: Floats, broken: Bools, precision: float, least: int) -> float:
    """The lowest bound whose precision is at least `precision`, and at least `precision` - SLACK by
    Wilson's lower limit; NEVER without one.

    At least `least` rows must lie above it. It lies halfway between the two probabilities that it parts.
    """
    ranked, truth = _ranked(probabilities, broken)
    ends = _ends(ranked)
    removed = ends + 1
    right = np.cumsum(truth.astype(np.int64))[ends]
    sure = wilson_lower(right, removed) >= precision - SLACK
    good = (removed >= least) & (right / removed >= precision) & sure
    if not good.any():
        return NEVER
    return max(_below(ranked, int(ends[np.flatnonzero(good)[-1]])), EVEN)


def review_bound(probabilities: Floats, broken: Bools, recall: float) -> float:
    """The highest bound that the share `recall` of the broken rows reaches; 0.5 where no row is broken."""
    ranked, truth = _ranked(probabilities, broken)
    places = np.flatnonzero(truth)
    if not len(places):
        return 0.5
    needed = math.ceil(recall * len(places) - 1e-9)
    last = int(places[needed - 1])
    ends = _ends(ranked)
    return _below(ranked, int(ends[np.searchsorted(ends, last)]))


def wilson_lower(right: Ints, rows: Ints) -> Floats:
    """The lower end of Wilson's one-sided 95 % interval of right / rows; see model_build/intervals.py."""
    share, square = right / rows, Z * Z
    centre = (share + square / (2 * rows)) / (1 + square / rows)
    half = Z / (1 + square / rows) * np.sqrt(share * (1 - share) / rows + square / (4 * rows * rows))
    lower: Floats = np.maximum(centre - half, 0.0)
    return lower


def _ranked(probabilities: Floats, broken: Bools) -> tuple[Floats, Bools]:
    order = np.argsort(-probabilities, kind="stable")
    return probabilities[order].astype(np.float64), broken[order]


def _ends(ranked: Floats) -> Ints:
    """The last place of each run of equal probabilities: they are cut off together."""
    ends: Ints = np.r_[np.flatnonzero(ranked[1:] < ranked[:-1]), len(ranked) - 1].astype(np.int64)
    return ends


def _below(ranked: Floats, place: int) -> float:
    """A bound that the rows up to `place` reach and the next does not."""
    if place + 1 == len(ranked):
        return float(ranked[place])
    return float((ranked[place] + ranked[place + 1]) / 2)
