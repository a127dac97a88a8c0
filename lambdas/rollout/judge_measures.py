"""What is measured of both variants, from sums over their decisions; of many rollouts at once where asked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import numpy as np

from lambdas.observations.window import Bools
from lambdas.rollout.judge_columns import ArmColumns, N, PairColumns
from lambdas.rollout.judge_plan import JudgePlan
from lambdas.rollout.sequential import (
    Estimate,
    Floats,
    Moments,
    at_least,
    difference,
    linearised,
    radius,
    ratio,
    share,
    tuned_for,
)

METRICS: Final = (
    "assignment",
    "failures",
    "review",
    "latency",
    "confidence",
    "mix",
    "disagreement",
    "cost",
)
"""Each gets the same part of a step's error budget, so that all together keep it (Bonferroni)."""
LEAST_ENTITIES: Final = 50
"""Of each side, before a bound that leans on the central limit theorem is believed."""
LEAST_LABELLED: Final = 50
LEAST_A_STRATUM: Final = 10
"""Labels of an outcome that stand for its decisions; those of rarer ones are put together."""
TUNED: Final = 3.0
"""For which effects the bounds are tightest, in margins: an effect of a margin or less is no alarm anyway."""

Harm = Literal[1, -1, 0]


class Measured(NamedTuple):
    """One metric of both sides. `harm` says which way of the effect is bad: 1 up, -1 down, 0 both.

    `effect` is challenger less champion; `enough` where there is enough behind it to say anything.
    """

    metric: str
    about: str
    champion: Floats
    challenger: Floats
    n_champion: Floats
    n_challenger: Floats
    effect: Estimate
    harm: Harm
    margin: float
    alpha: float
    enough: Bools
    paired: bool = False


class Bounds(NamedTuple):
    """`low` to `high` holds the effect, `harm_low` to `harm_high` the harm, at all looks together."""

    low: Floats
    high: Floats
    harm_low: Floats
    harm_high: Floats


def alpha_of(plan: JudgePlan) -> float:
    """A metric's part of the error budget in one step."""
    return plan.alpha / (plan.steps * len(METRICS))


def bounds(measured: Measured) -> Bounds:
    """The always-valid bounds; infinite where there is not enough behind the metric."""
    tuned = tuned_for(TUNED * measured.margin, measured.alpha)
    variance = np.where(measured.enough, measured.effect.variance, 0.0)
    value, harm = measured.effect.value, measured.harm
    both = radius(variance, alpha=measured.alpha, tuned=tuned, sides=2)
    low, high = value - both, value + both
    if harm == 0:
        return Bounds(low, high, np.abs(value) - both, np.maximum(-low, high))
    one = radius(variance, alpha=measured.alpha, tuned=tuned, sides=1)
    return Bounds(low, high, harm * value - one, high if harm > 0 else -low)


def worse(measured: Measured) -> Bools:
    """Whether the whole interval of the harm lies above the margin."""
    return bounds(measured).harm_low > measured.margin


def arms(
    new: Moments, old: Moments, outcomes: tuple[str, ...], plan: JudgePlan, alpha: float
) -> Iterator[Measured]:
    """What two separate groups of entities tell: `new` had the challenger, `old` the champion."""
    place, margins = ArmColumns(len(outcomes)), plan.margins
    first, second = share(new, place.review, N), share(old, place.review, N)
    yield _compared("review", "", first, second, 1, margins.review, alpha)
    first, second = ratio(new, place.log_ms, place.timed), ratio(old, place.log_ms, place.timed)
    yield _compared("latency", "", first, second, 1, math.log1p(margins.latency), alpha)
    first, second = ratio(new, place.confidence, place.sure), ratio(old, place.confidence, place.sure)
    yield _compared("confidence", "", first, second, -1, margins.confidence, alpha)
    for k, outcome in enumerate(outcomes):
        column = place.outcome.start + k
        first, second = share(new, column, N), share(old, column, N)
        yield _compared("mix", outcome, first, second, 0, margins.mix, alpha / len(outcomes))
    first, second = _arm_cost(new, place, plan), _arm_cost(old, place, plan)
    found = _compared("cost", "", first, second, 1, margins.cost, alpha)
    labels = np.minimum(_sum(new, place.labelled), _sum(old, place.labelled))
    yield found._replace(enough=found.enough & (labels >= LEAST_LABELLED))


def paired(of: Moments, outcomes: tuple[str, ...], plan: JudgePlan, alpha: float) -> Iterator[Measured]:
    """What decisions tell that both variants were asked for."""
    place, margins = PairColumns(len(outcomes)), plan.margins
    yield _pair(of, "review", "", place.review, N, 1, margins.review, alpha)
    yield _pair(of, "confidence", "", place.confidence, place.sure, -1, margins.confidence, alpha)
    for k, outcome in enumerate(outcomes):
        yield _pair(of, "mix", outcome, place.outcome(k), N, 0, margins.mix, alpha / len(outcomes))
    effect = _stratified(of, np.zeros_like(of.clusters), None, place.open, place.labelled, place.cost)
    effect = at_least(effect, np.abs(effect.value))
    found = _alone("cost", effect, of, margins.cost, alpha)
    yield found._replace(enough=found.enough & (_sum(of, place.labelled) >= LEAST_LABELLED))


def disagreement(of: Moments, outcomes: tuple[str, ...], plan: JudgePlan, alpha: float) -> Measured:
    """How often the variants, asked the same, say different things."""
    place = PairColumns(len(outcomes))
    return _alone("disagreement", share(of, place.disagree, N), of, plan.margins.disagreement, alpha)


def _compared(
    metric: str, about: str, new: Estimate, old: Estimate, harm: Harm, margin: float, alpha: float
) -> Measured:
    effect = difference(new, old)
    enough = effect.clusters >= LEAST_ENTITIES
    return Measured(
        metric,
        about,
        old.value,
        new.value,
        old.n,
        new.n,
        effect,
        harm,
        margin,
        alpha,
        enough & (effect.n > 0),
    )


def _pair(
    of: Moments,
    metric: str,
    about: str,
    columns: tuple[int, int],
    whole: int,
    harm: Harm,
    margin: float,
    alpha: float,
) -> Measured:
    new, old = (ratio(of, column, whole).value for column in columns)
    effect = ratio(of, columns, whole)
    if metric != "confidence":
        effect = at_least(effect, np.abs(effect.value))
    enough = (of.clusters >= LEAST_ENTITIES) & (effect.n > 0)
    return Measured(metric, about, old, new, effect.n, effect.n, effect, harm, margin, alpha, enough, True)


def _alone(metric: str, effect: Estimate, of: Moments, margin: float, alpha: float) -> Measured:
    none, enough = np.full_like(effect.value, np.nan), of.clusters >= LEAST_ENTITIES
    return Measured(
        metric, "", none, effect.value, effect.n, effect.n, effect, 1, margin, alpha, enough, paired=True
    )


def _sum(of: Moments, group: slice) -> Floats:
    found: Floats = of.totals[..., group].sum(axis=-1)
    return found


def _arm_cost(of: Moments, place: ArmColumns, plan: JudgePlan) -> Estimate:
    look = np.full_like(of.clusters, plan.costs.review / plan.costs.wrong)
    found = _stratified(of, look, place.review, place.acted, place.labelled, place.cost)
    # As for a share: none wrong among the labelled is no certainty that none is.
    labels, wrong = _sum(of, place.labelled), _sum(of, place.cost)
    smoothed = (np.clip(wrong, 0.0, labels) + 1.0) / (labels + 2.0)
    acted = _sum(of, place.acted) / np.maximum(of.totals[..., N], 1.0)
    least = acted**2 * smoothed * (1.0 - smoothed) / np.maximum(labels, 1.0)
    return found._replace(variance=np.maximum(found.variance, least))


def _stratified(
    of: Moments, look: Floats, review: int | None, acted: slice, labelled: slice, cost: slice
) -> Estimate:
    """The cost of a decision, in units of a wrong one.

    That is a `look` where it went to people; elsewhere, within each stratum, the mean of those with a label.

    People label what is unclear and a sample of the rest, so what has a label is not like what has none;
    within a stratum it is taken to be. That is post-stratification (Holt and Smith 1979), and the linearised
    value of a decision with stratum k, L of whose A decisions have a label, is that of the doubly robust
    estimator to which section 3 of Waudby-Smith et al. (2024) gives the confidence sequence:

        mean_k + label known (cost - mean_k) A / L
    """
    t = of.totals
    a, labels, costs = t[..., acted], t[..., labelled], t[..., cost]
    n = np.maximum(t[..., N], 1.0)
    enough = labels >= LEAST_A_STRATUM
    all_labels = np.maximum(labels.sum(axis=-1, keepdims=True), 1.0)
    overall = costs.sum(axis=-1, keepdims=True) / all_labels
    each = np.where(enough, costs / np.maximum(labels, 1.0), overall)
    rare = np.where(enough, 0.0, a).sum(axis=-1, keepdims=True) / all_labels
    weight = np.where(enough, a / np.maximum(labels, 1.0), 0.0) + rare
    fixed = look * t[..., review] if review is not None else 0.0
    value = (fixed + (a * each).sum(axis=-1)) / n
    gradient = np.zeros_like(t)
    gradient[..., N] = -value / n
    if review is not None:
        gradient[..., review] = look / n
    gradient[..., acted] = each / n[..., None]
    gradient[..., cost] = weight / n[..., None]
    kept = np.where(enough, each * a / np.maximum(labels, 1.0), 0.0) + rare * overall
    gradient[..., labelled] = -kept / n[..., None]
    return linearised(of, value, gradient, t[..., N])
