"""From which confidence a decision is acted on without a person: what costs least."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.core.bundle import Conformal
from model_build.conformal import prediction_sets
from model_build.costs import HeadCosts
from model_build.intervals import Interval, mean_interval, wilson

NEVER: Final = math.nextafter(1.0, 2.0)
"""A threshold that no confidence reaches: every decision of the class goes to a person."""

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Thresholds(msgspec.Struct, frozen=True):
    """`by_class` maps a predicted class to its threshold; `everywhere` is that of all classes together.

    `own` names the classes that had enough rows for a threshold of their own.
    """

    by_class: dict[str, float]
    everywhere: float
    own: list[str]


class PolicyReport(msgspec.Struct, frozen=True):
    """What the policy (thresholds and prediction sets) does on rows it was not chosen on.

    `acted` is the share acted on without a person, `acted_errors` the share of those that are wrong. The
    costs are per 1,000 decisions; a person is taken to be right. `acted_by_class` is by predicted class.
    """

    acted: Interval
    acted_errors: Interval
    cost: Interval
    cost_always_act: Interval
    cost_always_review: float
    acted_by_class: dict[str, Interval]


def choose_thresholds(
    probabilities: Floats, labels: Ints, classes: Sequence[str], costs: HeadCosts, conformal: Conformal | None
) -> Thresholds:
    """The thresholds with the least cost on the calibrate split, [rows, classes].

    Only rows whose prediction set is the winner alone are looked at: the others go to a person anyway.
    A class's threshold is the one with the least cost among its n rows, drawn towards that of all
    classes together by `least_rows` rows: (n * own + least_rows * everywhere) / (n + least_rows). A
    class with fewer rows than `least_rows` has the common one.
    """
    single = _single(probabilities, conformal)
    winners = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1).astype(np.float64)
    act_costs = costs.matrix(classes)[labels, winners]
    everywhere = cheapest_threshold(confidence[single], act_costs[single], costs.review)
    by_class, own = {}, []
    for k, name in enumerate(classes):
        mine = single & (winners == k)
        n = int(mine.sum())
        by_class[name] = everywhere
        if n >= costs.least_rows:
            best = cheapest_threshold(confidence[mine], act_costs[mine], costs.review)
            by_class[name] = (n * best + costs.least_rows * everywhere) / (n + costs.least_rows)
            own.append(name)
    return Thresholds(by_class, everywhere, own)


def cheapest_threshold(confidence: Floats, act_costs: Floats, review: float) -> float:
    """The threshold with the least total cost over rows of `confidence`, [rows].

    Row i costs `act_costs[i]` at or above the threshold and `review` below. It lies halfway between the
    two confidences it separates; of equally cheap ones the highest is taken. When acting on every row is
    cheapest it is the lowest confidence seen, since nothing is known about lower ones; when acting on
    none is, or there are no rows, it is NEVER.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    gains = np.concatenate([[0.0], np.cumsum(act_costs[order] - review)])
    # Rows of the same confidence are acted on together.
    cuts = np.concatenate([[0], np.flatnonzero(ranked[1:] < ranked[:-1]) + 1, [len(ranked)]]).astype(int)
    acted = int(cuts[np.argmin(gains[cuts])])
    if acted == 0:
        return NEVER
    if acted == len(ranked):
        return float(ranked[-1])
    return float((ranked[acted - 1] + ranked[acted]) / 2)


def acted_on(
    probabilities: Floats,
    classes: Sequence[str],
    thresholds: Mapping[str, float],
    conformal: Conformal | None,
) -> Bools:
    """Which rows are acted on without a person, [rows]; the rule of `lambdas.core.policy.judge`."""
    limits = np.array([thresholds[name] for name in classes])
    clear: Bools = probabilities.max(axis=1) >= limits[probabilities.argmax(axis=1)]
    return clear & _single(probabilities, conformal)


def policy_report(
    probabilities: Floats,
    labels: Ints,
    classes: Sequence[str],
    thresholds: Thresholds,
    conformal: Conformal | None,
    costs: HeadCosts,
) -> PolicyReport:
    """What the policy does on the test split, [rows, classes]."""
    winners = probabilities.argmax(axis=1)
    acted = acted_on(probabilities, classes, thresholds.by_class, conformal)
    act_costs = costs.matrix(classes)[labels, winners]
    wrong = winners != labels
    return PolicyReport(
        acted=wilson(int(acted.sum()), len(labels)),
        acted_errors=wilson(int((acted & wrong).sum()), int(acted.sum())),
        cost=mean_interval(1000 * np.where(acted, act_costs, costs.review)),
        cost_always_act=mean_interval(1000 * act_costs),
        cost_always_review=1000 * costs.review,
        acted_by_class={
            name: wilson(int(acted[winners == k].sum()), int((winners == k).sum()))
            for k, name in enumerate(classes)
        },
    )


def _single(probabilities: Floats, conformal: Conformal | None) -> Bools:
    if conformal is None:
        return np.ones(len(probabilities), dtype=np.bool_)
    single: Bools = prediction_sets(probabilities, conformal).sum(axis=1) == 1
    return single
