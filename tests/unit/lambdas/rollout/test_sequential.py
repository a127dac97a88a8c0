"""The bounds and e-processes keep what they promise, and give the formulas' own numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from lambdas.rollout.sequential import (
    Estimate,
    difference,
    linearised,
    log_above,
    log_mismatch,
    moments,
    radius,
    ratio,
    share,
    tuned_for,
)

pytestmark = pytest.mark.unit


def one(value: float) -> np.ndarray:
    return np.asarray(value, dtype=np.float64)


def test_the_radius_is_that_of_the_paper() -> None:
    # n values with variance 4 and rho^2 = 0.1: tuned to the information of 1 / rho^2 = 10 of them.
    n, alpha, sigma, rho2 = 200, 0.05, 2.0, 0.1
    paper = sigma * math.sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * math.log(math.sqrt(n * rho2 + 1) / alpha))
    found = radius(one(sigma**2 / n), alpha=alpha, tuned=1 / (rho2 * sigma**2), sides=2)
    assert found == pytest.approx(paper, rel=1e-12)
    paper = sigma * math.sqrt(
        2 * (n * rho2 + 1) / (n**2 * rho2) * math.log(1 + math.sqrt(n * rho2 + 1) / (2 * alpha))
    )
    found = radius(one(sigma**2 / n), alpha=alpha, tuned=1 / (rho2 * sigma**2), sides=1)
    assert found == pytest.approx(paper, rel=1e-12)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("alpha", [0.05, 0.002])
def test_a_walk_that_is_watched_all_the_time_crosses_no_more_often_than_alpha(
    alpha: float, sides: int
) -> None:
    rng = np.random.default_rng(1)
    runs, times = 20_000, np.geomspace(0.02, 500, 200)
    walk = np.cumsum(rng.normal(size=(runs, len(times))) * np.sqrt(np.diff(times, prepend=0.0)), axis=1)
    far = radius(1 / times, alpha=alpha, tuned=1.0, sides=sides)
    value = walk / times if sides == 1 else np.abs(walk / times)
    crossed = int((value > far).any(axis=1).sum())
    assert stats.binomtest(crossed, runs, alpha, alternative="greater").pvalue > 0.01
    assert crossed > alpha * runs / 4, "a bound that nobody ever crosses is no use"


def test_the_radius_is_tightest_where_it_is_tuned_to() -> None:
    alpha, effect = 0.002, 0.05
    tuned = tuned_for(effect, alpha)
    information = np.geomspace(10, 1e6, 4000)
    far = radius(1 / information, alpha=alpha, tuned=tuned, sides=1)
    just = information[np.argmax(far <= effect)]
    best = min(
        radius(one(1 / just), alpha=alpha, tuned=other, sides=1).item()
        for other in np.geomspace(tuned / 30, tuned * 30, 200)
    )
    assert effect == pytest.approx(best, rel=0.01)


def test_nothing_is_bounded_without_a_variance() -> None:
    assert radius(one(0.0), alpha=0.05, tuned=1.0, sides=2) == math.inf


def test_the_variance_of_a_ratio_holds_entities_together() -> None:
    rng = np.random.default_rng(2)
    entity = rng.integers(0, 300, 2000)
    x, y = rng.normal(3, 1, 2000) + rng.normal(0, 1, 300)[entity], rng.integers(0, 2, 2000).astype(float)
    entity = np.unique(entity, return_inverse=True)[1]
    found = ratio(moments(np.column_stack([np.ones(2000), x, y]), entity), 1, 2)
    value = x.sum() / y.sum()
    residual = np.bincount(entity, weights=x - value * y) / y.sum()
    clusters = len(residual)
    assert found.value == pytest.approx(value)
    assert found.variance == pytest.approx(clusters / (clusters - 1) * (residual**2).sum())
    assert (found.n, found.clusters) == (y.sum(), clusters)


def test_the_variance_is_that_of_many_repetitions() -> None:
    rng = np.random.default_rng(3)
    values, variances = [], []
    for _ in range(800):
        count = rng.integers(1, 8, 200)
        entity = np.repeat(np.arange(200), count)
        chance = rng.beta(1, 4, 200)[entity]
        rows = (rng.random(len(entity)) < chance).astype(float)
        found = share(moments(np.column_stack([np.ones(len(rows)), rows]), entity), 1, 0)
        values.append(found.value.item())
        variances.append(found.variance.item())
    assert np.mean(variances) == pytest.approx(np.var(values), rel=0.15)


def test_of_two_columns_the_difference_is_taken() -> None:
    rows = np.array([[1.0, 1, 0], [1, 1, 1], [1, 0, 1], [1, 1, 0]])
    found = ratio(moments(rows, np.arange(4)), (1, 2), 0)
    assert found.value == pytest.approx(0.25)


def test_no_rows_are_no_error() -> None:
    found = ratio(moments(np.empty((0, 2)), np.empty(0, dtype=np.intp)), 1, 0)
    assert (found.value, found.variance, found.n) == (0.0, 0.0, 0.0)


def test_fifty_of_fifty_are_no_certainty() -> None:
    rows = np.ones((50, 2))
    assert share(moments(rows, np.arange(50)), 1, 0).variance > 0


def test_a_small_side_without_an_event_varies_as_the_large_one() -> None:
    small = Estimate(one(0.0), one(0.0), one(100), one(60))
    large = Estimate(one(0.05), one(0.05 * 0.95 / 10_000), one(10_000), one(6_000))
    found = difference(small, large)
    assert found.variance == pytest.approx(0.05 * 0.95 * (1 / 100 + 1 / 10_000))
    assert (found.n, found.clusters) == (100, 60)
    assert difference(large, small).variance == pytest.approx(found.variance)


def test_linearising_takes_the_gradient() -> None:
    of = moments(np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 9.0]]), np.arange(3))
    # f = log(T1 / T0)
    found = linearised(of, np.log(one(5.0)), np.array([-1 / 3, 1 / 15]), one(3))
    by_hand = 1.5 * sum((x / 15 - 1 / 3) ** 2 for x in (2, 4, 9))
    assert found.variance == pytest.approx(by_hand)


@pytest.mark.parametrize("chance", [0.01, 0.1, 0.5])
def test_evidence_of_too_many_events_reaches_twenty_in_at_most_one_of_twenty(chance: float) -> None:
    rng = np.random.default_rng(4)
    events = (rng.random((2000, 2000)) < chance).cumsum(axis=1)[:, 9::10]
    log = log_above(events, np.arange(10, 2001, 10), chance)
    crossed = int((log >= math.log(20)).any(axis=1).sum())
    assert stats.binomtest(crossed, 2000, 0.05, alternative="greater").pvalue > 0.01
    k = np.arange(51.0)
    mean = (stats.binom.pmf(k, 50, chance) * np.exp(log_above(k, one(50), chance))).sum()
    assert mean == pytest.approx(1.0), "an e-value has the mean 1"
    assert (stats.binom.pmf(k, 50, chance / 2) * np.exp(log_above(k, one(50), chance))).sum() < 1.0


def test_evidence_is_the_mean_of_the_likelihood_ratios() -> None:
    odds = np.geomspace(1.2, 300.0, 48)
    other = odds * 0.1 / 0.9 / (1 + odds * 0.1 / 0.9)
    by_hand = np.mean(stats.binom.pmf(7, 20, other) / stats.binom.pmf(7, 20, 0.1))
    assert log_above(one(7), one(20), 0.1) == pytest.approx(math.log(by_hand))


def test_few_failures_that_all_are_the_challengers_are_soon_enough() -> None:
    # At 1 % of the traffic four failures of four say more than a thousand to one.
    assert log_above(one(4), one(4), 0.01) > math.log(1000)
    assert log_above(one(4), one(400), 0.01) < 0


def test_the_split_is_tested_by_the_beta_binomial() -> None:
    found = log_mismatch(one(30), one(200), 0.1)
    seen = stats.betabinom.logpmf(30, 200, 10, 90) - stats.binom.logpmf(30, 200, 0.1)
    assert found == pytest.approx(seen)


def test_a_right_split_is_no_finding_and_a_wrong_one_soon_is() -> None:
    rng = np.random.default_rng(5)
    n = np.arange(100, 20_001, 100)
    right = rng.binomial(100, 0.1, (400, 200)).cumsum(axis=1)
    crossed = int((log_mismatch(right, n, 0.1) >= math.log(20)).any(axis=1).sum())
    assert stats.binomtest(crossed, 400, 0.05, alternative="greater").pvalue > 0.01
    wrong = rng.binomial(100, 0.12, (100, 200)).cumsum(axis=1)
    assert (log_mismatch(wrong, n, 0.1)[:, -1] >= math.log(1000)).all()
