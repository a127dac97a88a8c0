"""Bounds: precision first for removal, recall first for review."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_build.errors import ParametersError
from model_build.intervals import wilson
from model_build.moderation.bounds import (
    EVEN,
    SLACK,
    Z,
    choose_bounds,
    removal_bound,
    review_bound,
    wilson_lower,
)
from model_build.moderation.costs import PolicyRule, decode_costs
from model_build.thresholds import NEVER


def rows(count: int, seed: int, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    broken = rng.random(count) < 0.2
    return 1 / (1 + np.exp(-(4.0 * broken - 2.5 + noise * rng.normal(size=count)))), broken


def test_the_lower_limit_is_wilson_s_at_one_side() -> None:
    for right, n in ((0, 5), (5, 5), (60, 60), (90, 100)):
        share = wilson_lower(np.array([right]), np.array([n]))[0]
        assert 0.0 <= share <= right / n
    wide = wilson_lower(np.array([90]), np.array([100]))[0]
    assert wide > wilson(90, 100).low and pytest.approx(1.6449, abs=1e-4) == Z
    assert wilson_lower(np.array([60]), np.array([60]))[0] == pytest.approx(60 / (60 + Z * Z))


def good(probabilities: np.ndarray, broken: np.ndarray, bound: float, precision: float) -> bool:
    removed = probabilities >= bound
    right, rows = int(broken[removed].sum()), int(removed.sum())
    sure = wilson_lower(np.array([right]), np.array([rows]))[0] >= precision - SLACK
    return rows >= 30 and right / rows >= precision and bool(sure)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_removed_is_as_precise_as_asked_and_no_lower_bound_would_be(seed: int) -> None:
    probabilities, broken = rows(1_500, seed)
    bound = removal_bound(probabilities, broken, 0.9, 30)
    assert good(probabilities, broken, bound, 0.9)
    lower = np.unique(probabilities[(probabilities < bound) & (probabilities >= EVEN)])
    assert not any(good(probabilities, broken, each, 0.9) for each in lower)


def test_what_is_likelier_fine_than_not_is_never_removed_without_a_person() -> None:
    probabilities = np.r_[np.full(900, 0.95), np.full(20, 0.3), np.full(80, 0.01)]
    broken = np.r_[np.ones(900, dtype=np.bool_), np.arange(20) % 3 == 0, np.zeros(80, dtype=np.bool_)]
    found = choose_bounds(probabilities, broken, PolicyRule(remove_precision=0.95, review_recall=0.999), 30)
    assert found.remove == 0.5 and found.review < 0.3


@pytest.mark.parametrize(
    ("probabilities", "broken"),
    [
        (np.full(200, 0.9), np.arange(200) % 2 == 0),  # no bound parts them
        (np.linspace(0.5, 1.0, 20), np.ones(20, dtype=np.bool_)),  # too few rows to be sure
        (np.linspace(0.0, 1.0, 500), np.zeros(500, dtype=np.bool_)),
    ],
)
def test_nothing_is_removed_where_nothing_is_sure(probabilities: np.ndarray, broken: np.ndarray) -> None:
    assert removal_bound(probabilities, broken, 0.95, 30) == NEVER


@settings(deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.99))
def test_review_reaches_the_recall_with_the_highest_bound(seed: int, recall: float) -> None:
    probabilities, broken = rows(300, seed)
    bound = review_bound(probabilities, broken, recall)
    caught = (probabilities >= bound) & broken
    assert caught.sum() >= recall * broken.sum() - 1e-9
    stricter = (probabilities > np.min(probabilities[caught])) & broken
    assert stricter.sum() < recall * broken.sum()


def test_equal_probabilities_stay_together() -> None:
    probabilities = np.array([0.9] * 50 + [0.4] * 50)
    broken = np.array([True] * 50 + [False] * 50)
    found = choose_bounds(probabilities, broken, PolicyRule(remove_precision=0.9), 30)
    assert found.remove == pytest.approx(0.65) and found.review == pytest.approx(0.65)


def test_review_is_never_above_removal() -> None:
    probabilities, broken = rows(5_000, 3, noise=0.1)
    found = choose_bounds(probabilities, broken, PolicyRule(remove_precision=0.5, review_recall=0.5), 30)
    assert 0 < found.review <= found.remove < 1


def test_a_policy_without_broken_rows_is_looked_at_from_a_half() -> None:
    assert review_bound(np.array([0.1, 0.2]), np.array([False, False]), 0.95) == 0.5


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"policies": {"gore": {}}}, "gore"),
        ({"policies": {"threat": {"severity": "awful"}}}, "severity"),
        ({"policies": {"threat": {"review_recall": 1.0}}}, "review_recall"),
        ({"least": 3}, "least"),
    ],
)
def test_what_cannot_be_asked_is_refused(raw: dict[str, object], named: str) -> None:
    with pytest.raises(ParametersError, match=named):
        decode_costs(raw)


def test_a_policy_that_is_not_named_has_the_defaults() -> None:
    costs = decode_costs({"policies": {"threat": {"severity": "severe"}}})
    assert costs.severities() == {
        "toxicity": "medium", "threat": "severe", "sexual": "medium", "violence": "medium",
    }  # fmt: skip
