"""Effects between two groups of decisions, within slices of time, with entities as clusters.

The traffic's share and its nature change over a day and over the steps of a rollout, so like is compared with
like: within a slice of time in which both versions decided, and then averaged over the slices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

import msgspec
import numpy as np

from lambdas.observations.window import Bools
from lambdas.rollout.judge_columns import Ints
from lambdas.rollout.judge_measures import LEAST_A_STRATUM, LEAST_ENTITIES, LEAST_LABELLED, TUNED
from lambdas.rollout.sequential import Floats, radius, tuned_for

ALPHA: Final = 0.05
_Z: Final = NormalDist().inv_cdf(1.0 - ALPHA / 2.0)


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of both versions; None where there is too little to say it.

    `a` and `b` are the values and `effect` is b less a (for latency their ratio less 1). `valid_*` is its
    95 % interval that holds however often one looks (tightest for effects of a few `margin`s), `classic_*`
    the one that holds for a single look that was planned; `p_valid` and `p_classic` go with them. `found`
    is whether it stays after the false discoveries among all that are tested together are held to 5 %, by
    `p_valid`.
    """

    metric: str
    about: str = ""
    n_a: int = 0
    n_b: int = 0
    a: float | None = None
    b: float | None = None
    effect: float | None = None
    valid_low: float | None = None
    valid_high: float | None = None
    classic_low: float | None = None
    classic_high: float | None = None
    p_valid: float | None = None
    p_classic: float | None = None
    margin: float | None = None
    found: bool = False


class Rows(NamedTuple):
    """Decisions of both versions: `b` is which have the second, `slice_` and `entity` count from 0 on."""

    b: Bools
    slice_: Ints
    entity: Ints

    def where(self, rows: Bools) -> Rows:
        """Only these, the numbers of slices as they were."""
        return Rows(self.b[rows], self.slice_[rows], np.unique(self.entity[rows], return_inverse=True)[1])


class Metric(NamedTuple):
    """A value a decision, NaN where it has none. `margin` is what an effect of interest is thought to be;
    `share`: the values are 0 and 1; `log`: they are logarithms."""

    name: str
    values: Floats
    margin: float
    about: str = ""
    share: bool = False
    log: bool = False


class Raw(NamedTuple):
    """An effect with its variance, before it is rounded and said."""

    n_a: int
    n_b: int
    a: float
    b: float
    variance: float
    enough: bool


def raw_effect(metric: Metric, rows: Rows) -> Raw:
    """The mean difference within slices, weighed by n_a n_b / (n_a + n_b) as Mantel and Haenszel (1959) do.

    Its variance is that of the sum of linearised values, an entity's together, whichever version they had.
    """
    known = np.isfinite(metric.values)
    value, b, slices, entity = metric.values[known], rows.b[known], rows.slice_[known], rows.entity[known]
    count = int(slices.max()) + 1 if len(slices) else 0
    cell = 2 * slices + b
    counted, added = (np.bincount(cell, weights=each, minlength=2 * count) for each in (None, value))
    n: Floats = counted.astype(np.float64).reshape(count, 2)
    sums: Floats = added.astype(np.float64).reshape(count, 2)
    weight = n[:, 0] * n[:, 1] / np.maximum(n.sum(axis=1), 1.0)
    if not weight.sum():
        return Raw(int(n[:, 0].sum()), int(n[:, 1].sum()), math.nan, math.nan, 0.0, enough=False)
    weight /= weight.sum()
    mean = sums / np.maximum(n, 1.0)
    a, after = (weight @ mean).tolist()
    used = weight[slices] > 0
    each = (value - mean[slices, b.astype(np.intp)]) * (
        weight[slices] / np.maximum(n[slices, b.astype(np.intp)], 1.0)
    )
    together = np.bincount(entity[used], weights=np.where(b, each, -each)[used])
    of_a, of_b = (len(np.unique(entity[used & (b == side)])) for side in (False, True))
    clusters = max(len(np.unique(entity[used])), 2)
    variance = float(together @ together) * clusters / (clusters - 1)
    if metric.share:
        variance = max(variance, _least(n, weight, sums, min(of_a, of_b)))
    return Raw(
        int(n[weight > 0, 0].sum()), int(n[weight > 0, 1].sum()), a, after, variance,
        min(of_a, of_b) >= LEAST_ENTITIES,
    )  # fmt: skip


def _least(n: Floats, weight: Floats, sums: Floats, entities: int) -> float:
    """The variance of independent rows with the pooled share, one event and one that is none added."""
    used = weight > 0
    pooled = sums[used].sum() / n[used].sum()
    smoothed = (pooled * entities + 1.0) / (entities + 2.0)
    return float(smoothed * (1.0 - smoothed) * (weight[used, None] ** 2 / n[used]).sum())


def effect_of(metric: Metric, rows: Rows) -> Effect:
    """The Effect of one metric."""
    return said(metric, raw_effect(metric, rows))


def said(metric: Metric, raw: Raw) -> Effect:
    """`raw` with both kinds of interval."""
    change = math.expm1 if metric.log else float
    made = Effect(
        metric=metric.name,
        about=metric.about,
        n_a=raw.n_a,
        n_b=raw.n_b,
        margin=_rounded(change(metric.margin)),
    )
    if not math.isfinite(raw.a):
        return made
    shown = math.exp if metric.log else float
    value = raw.b - raw.a
    made = msgspec.structs.replace(
        made, a=_rounded(shown(raw.a)), b=_rounded(shown(raw.b)), effect=_rounded(change(value))
    )
    if not raw.enough or raw.variance <= 0.0:
        return made
    tuned, error = tuned_for(TUNED * metric.margin, ALPHA), math.sqrt(raw.variance)
    far = float(radius(np.asarray(raw.variance), alpha=ALPHA, tuned=tuned, sides=2))
    z = value / error
    return msgspec.structs.replace(
        made,
        valid_low=_rounded(change(value - far)),
        valid_high=_rounded(change(value + far)),
        classic_low=_rounded(change(value - _Z * error)),
        classic_high=_rounded(change(value + _Z * error)),
        p_valid=_rounded(p_valid(z, 1.0 / (raw.variance * tuned))),
        p_classic=_rounded(math.erfc(abs(z) / math.sqrt(2.0))),
    )


def p_valid(z: float, time: float) -> float:
    """The smallest level at which the always-valid interval leaves 0 out, which is a p-value at all looks
    together: sqrt(1 + tau) exp(-z^2 tau / (2 (1 + tau))), at most 1 (Johari, Koomen, Pekelis, Walsh 2022)."""
    return min(1.0, math.sqrt(1.0 + time) * math.exp(-z * z * time / (2.0 * (1.0 + time))))


def discoveries(effects: Sequence[Effect], rate: float = ALPHA) -> list[Effect]:
    """`effects`, those `found` marked of which at most `rate` are false (Benjamini and Hochberg 1995).

    By the always-valid p-values, so that it holds for a report that is made again every day (Johari et al.
    2022).
    """
    tested = sorted(each.p_valid for each in effects if each.p_valid is not None)
    most = max((p for rank, p in enumerate(tested, start=1) if p <= rate * rank / len(tested)), default=-1.0)
    return [
        msgspec.structs.replace(each, found=each.p_valid is not None and each.p_valid <= most)
        for each in effects
    ]


def cost_values(review: Bools, look: float, stratum: Ints, cost: Floats, strata: int) -> Floats | None:
    """What each decision costs, in units of a wrong one, where only some have a label; None with too few.

    A `look` for what went to people; else the mean of its stratum (version and outcome) and, for those with a
    label, what is missing to their own cost, weighed by the stratum's decisions a label: the same estimate as
    the judge's (`judge_measures`), as a value a decision.
    """
    acted, labelled = ~review, ~review & np.isfinite(cost)
    if labelled.sum() < LEAST_LABELLED:
        return None
    decisions = np.bincount(stratum[acted], minlength=strata).astype(np.float64)
    labels = np.bincount(stratum[labelled], minlength=strata).astype(np.float64)
    sums = np.bincount(stratum[labelled], weights=cost[labelled], minlength=strata)
    rare = labels < LEAST_A_STRATUM
    mean = np.where(rare, sums.sum() / labels.sum(), sums / np.maximum(labels, 1.0))
    weight = decisions / np.maximum(labels, 1.0)
    # Outcomes with hardly a label are taken to cost what the others do; theirs are not weighed up.
    weight[rare] = 1.0
    values = np.where(review, look, mean[stratum])
    values[labelled] += ((cost - mean[stratum]) * weight[stratum])[labelled]
    return values


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
