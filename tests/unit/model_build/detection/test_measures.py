"""Ranking figures against scikit-learn, alerts a day by hand, intervals that know about episodes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from model_build.detection.measures import DAY_MS, alerts, areas, curve, rank, truth_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_areas_are_those_of_scikit_learn(ties: bool, weighted: bool) -> None:
    rng = np.random.default_rng(4)
    fraud = rng.random(800) < 0.1
    scores = rng.normal(fraud * 1.0, 1.0)
    scores = scores.round(1) if ties else scores
    weights = rng.integers(0, 4, 800).astype(float) if weighted else np.ones(800)
    auc, precision = areas(curve(scores), fraud, weights)
    assert auc == pytest.approx(roc_auc_score(fraud, scores, sample_weight=weights))
    assert precision == pytest.approx(average_precision_score(fraud, scores, sample_weight=weights))


def test_without_both_classes_there_is_no_area() -> None:
    found = areas(curve(np.arange(3.0)), np.zeros(3, dtype=bool), np.ones(3))
    assert np.isnan(found).all()


def test_alerts_are_the_highest_of_each_day() -> None:
    days = np.array([0, 0, 0, 1, 1, 1])
    scores = np.array([0.1, 0.9, 0.5, 0.2, 0.3, 0.1])
    assert alerts(scores, days, 1).tolist() == [False, True, False, False, True, False]
    assert alerts(scores, days, 2).tolist() == [False, True, True, True, True, False]
    assert alerts(scores, days, 9).all()


def test_the_first_is_compared_with_the_others_on_the_same_cards() -> None:
    rng = np.random.default_rng(1)
    fraud = rng.random(3_000) < 0.05
    cards, times = rng.integers(0, 150, 3_000), rng.integers(0, 20 * DAY_MS, 3_000)
    good, poor = rng.normal(fraud * 2.0), rng.normal(fraud * 0.5)
    first, second, same = rank(
        {"good": good, "poor": poor, "same": good}, truth_of(fraud, times, cards), 10, 3
    )
    assert first.ahead is None and second.ahead is not None and same.ahead is not None
    gap = first.average_precision.value - second.average_precision.value
    assert second.ahead.value == pytest.approx(gap) and second.ahead.low > 0
    assert (same.ahead.low, same.ahead.value, same.ahead.high) == (0, 0, 0)
    assert first.average_precision.low < first.average_precision.value < first.average_precision.high
    chosen = alerts(good, times // DAY_MS, 10)
    assert first.precision_at_k.value == pytest.approx(fraud[chosen].mean())
    assert first.caught_at_k.value == pytest.approx((fraud & chosen).sum() / fraud.sum())


def test_frauds_that_come_in_episodes_make_the_intervals_wider() -> None:
    rng = np.random.default_rng(2)
    times = rng.integers(0, 20 * DAY_MS, 4_000)
    fraud = np.arange(4_000) < 80
    scores = rng.normal(np.where(np.arange(4_000) < 40, 3.0, 0.0))
    episodes = np.where(fraud, np.arange(4_000) // 20, rng.integers(10, 400, 4_000))
    apart = np.arange(4_000)
    wide, narrow = (
        rank({"it": scores}, truth_of(fraud, times, cards), 10, 3)[0].average_precision
        for cards in (episodes, apart)
    )
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
