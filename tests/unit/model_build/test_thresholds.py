from __future__ import annotations

import numpy as np
import pytest

from lambdas.core.bundle import Conformal, Head
from lambdas.core.policy import judge
from model_build.costs import HeadCosts
from model_build.thresholds import (
    NEVER,
    acted_on,
    cheapest_threshold,
    choose_thresholds,
    policy_report,
)

CONFIDENCE = np.array([0.6, 0.9, 0.7, 0.8])


def two(confidence: np.ndarray) -> np.ndarray:
    """Probabilities of two classes, the first of which wins with these confidences."""
    return np.stack([confidence, 1 - confidence], axis=1)


def test_threshold_lies_between_the_rows_it_separates() -> None:
    # Acting on 0.9 and 0.8 costs nothing, on 0.7 and 0.6 it costs 5 each; a review costs 1.
    act = np.array([5.0, 0.0, 5.0, 0.0])
    assert cheapest_threshold(CONFIDENCE, act, review=1.0) == pytest.approx(0.75)


def test_an_error_is_worth_it_when_enough_reviews_are_saved() -> None:
    confidence = np.array([0.95, 0.9, 0.85, 0.8, 0.75])
    act = np.array([0.0, 1.5, 0.0, 0.0, 9.0])
    assert cheapest_threshold(confidence, act, review=1.0) == pytest.approx(0.775)


def test_acting_always_pays_down_to_the_lowest_confidence_seen() -> None:
    assert cheapest_threshold(CONFIDENCE, np.zeros(4), review=1.0) == 0.6


def test_acting_never_pays() -> None:
    assert cheapest_threshold(CONFIDENCE, np.full(4, 2.0), review=1.0) == NEVER
    assert float(np.float32(1.0)) < NEVER  # a probability as serving reads it


def test_no_rows_means_never() -> None:
    assert cheapest_threshold(np.array([]), np.array([]), review=1.0) == NEVER


def test_rows_of_the_same_confidence_stay_together() -> None:
    confidence = np.array([0.9, 0.8, 0.8, 0.7])
    act = np.array([0.0, 0.0, 5.0, 5.0])
    assert cheapest_threshold(confidence, act, review=1.0) == pytest.approx(0.85)


def test_of_equally_cheap_thresholds_the_highest_is_taken() -> None:
    assert cheapest_threshold(np.array([0.9, 0.8]), np.array([0.0, 1.0]), 1.0) == pytest.approx(0.85)


def test_threshold_approaches_that_of_decision_theory() -> None:
    """With calibrated confidence, acting pays from 1 - review / wrong on (Chow 1970)."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1.0, 200_000)
    act = np.where(rng.random(200_000) < confidence, 0.0, 4.0)
    assert cheapest_threshold(confidence, act, review=1.0) == pytest.approx(0.75, abs=0.02)


def test_a_rare_class_has_the_common_threshold_and_a_frequent_one_is_drawn_to_it() -> None:
    confidence = np.linspace(0.55, 0.95, 41)
    probabilities = np.concatenate([two(confidence), two(confidence[:3])[:, ::-1]])
    labels = np.concatenate([(confidence < 0.749).astype(np.int64), [0, 0, 0]])
    costs = HeadCosts(review=1.0, wrong=5.0, least_rows=10)
    found = choose_thresholds(probabilities, labels, ["a", "b"], costs, None)
    assert found.own == ["a"]
    assert found.everywhere == pytest.approx(0.745)
    assert found.by_class["b"] == found.everywhere
    assert found.by_class["a"] == pytest.approx((41 * 0.745 + 10 * found.everywhere) / 51)


def test_rows_with_a_wide_prediction_set_do_not_count() -> None:
    probabilities = np.array([[0.9, 0.1], [0.55, 0.45]])
    costs = HeadCosts(review=1.0, wrong=5.0, least_rows=1)
    found = choose_thresholds(probabilities, np.array([0, 0]), ["a", "b"], costs, Conformal(0.9, 0.4))
    assert found.everywhere == 0.9


def test_report_of_a_known_policy() -> None:
    probabilities = two(np.array([0.9, 0.8, 0.7, 0.6]))
    labels = np.array([0, 1, 0, 1])
    costs = HeadCosts(review=1.0, wrong=5.0, least_rows=1)
    thresholds = choose_thresholds(probabilities[:1], labels[:1], ["a", "b"], costs, None)
    limited = type(thresholds)({"a": 0.75, "b": 0.75}, 0.75, [])
    found = policy_report(probabilities, labels, ["a", "b"], limited, None, costs)
    assert found.acted.value == 0.5
    assert found.acted_errors.value == 0.5
    assert found.cost.value == 1000 * (0 + 5 + 1 + 1) / 4
    assert found.cost_always_act.value == 1000 * 10 / 4
    assert found.cost_always_review == 1000
    assert found.acted_by_class["a"].value == 0.5
    assert found.acted_by_class["b"].n == 0


def test_the_rule_is_that_of_serving() -> None:
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet([0.4, 0.4, 0.4], 300)
    conformal = Conformal(0.9, 0.2)
    limits = {"a": 0.5, "b": 0.8, "c": NEVER}
    head = Head("h", "h_probabilities", ["a", "b", "c"], limits, conformal)
    acted = acted_on(probabilities, ["a", "b", "c"], limits, conformal)
    assert acted.tolist() == [not judge(head, row).reasons for row in probabilities.tolist()]
    assert 0 < acted.sum() < 300
