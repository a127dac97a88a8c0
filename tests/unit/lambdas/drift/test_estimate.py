"""The estimate without labels against the truth, with and without covariate shift, and where it must fail."""

from __future__ import annotations

import numpy as np
import pytest

from lambdas.drift.bins import confidence_codes
from lambdas.drift.entities import Entities
from lambdas.drift.estimate import Estimate, errors_of, expected_accuracy
from lambdas.drift.reference import Decided

pytestmark = pytest.mark.unit
USUAL = 1.2


def chances(rng: np.random.Generator, n: int, mean: float) -> np.ndarray:
    """The probability of the one class, of items whose one feature is normal around `mean`."""
    return 1 / (1 + np.exp(-1.5 * rng.normal(mean, 1.3, n)))


def decided(
    rng: np.random.Generator, n: int, mean: float, flipped: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Confidences of a calibrated model, and whether it was right; `flipped`: of so many the meaning
    changed."""
    yes = chances(rng, n, mean)
    truth = (rng.random(n) < yes) ^ (rng.random(n) < flipped)
    return np.maximum(yes, 1 - yes), (yes >= 0.5) == truth


def test_split(rng: np.random.Generator, n: int = 5_000) -> Decided:
    confidence, right = decided(rng, n, USUAL)
    codes = confidence_codes(confidence)
    counts = np.bincount(codes, minlength=20).tolist()
    return Decided(n, {}, 0, counts, counts, np.bincount(codes[right], minlength=20).tolist())


test_split.__test__ = False  # type: ignore[attr-defined]


def estimated(rng: np.random.Generator, n: int, mean: float, flipped: float = 0.0) -> tuple[Estimate, float]:
    confidence, right = decided(rng, n, mean, flipped)
    every = np.ones(n, np.bool_)
    entities = Entities(np.zeros(n, np.uint64))
    found = expected_accuracy(confidence_codes(confidence), every, entities, errors_of(test_split(rng)))
    assert found is not None
    return found, float(right.mean())


@pytest.mark.parametrize("mean", [USUAL, 0.0, 2.4], ids=["as before", "harder items", "easier items"])
def test_the_interval_holds_the_truth_as_often_as_it_says(mean: float) -> None:
    rng = np.random.default_rng(4)
    found = [estimated(rng, 1_500, mean) for _ in range(200)]
    held = np.mean([each.low <= truth <= each.high for each, truth in found])
    assert held >= 0.93
    off = np.mean([each.value - truth for each, truth in found])
    assert abs(off) < 0.006, "it follows the shift, without labels"


def test_how_far_the_truth_moved_in_these_cases() -> None:
    rng = np.random.default_rng(5)
    truths = [np.mean([estimated(rng, 4_000, mean)[1] for _ in range(10)]) for mean in (USUAL, 0.0, 2.4)]
    assert truths[1] < truths[0] - 0.02 and truths[2] > truths[0] + 0.06


def test_a_changed_concept_is_what_it_cannot_see() -> None:
    found, truth = estimated(np.random.default_rng(6), 4_000, USUAL, flipped=0.1)
    assert truth < found.low, "for this there are labels"


def test_customers_with_many_rows_widen_the_interval() -> None:
    rng = np.random.default_rng(7)
    confidence, _ = decided(rng, 1_000, USUAL)
    codes, every, by = (
        confidence_codes(np.repeat(confidence[:100], 10)),
        np.ones(1_000, np.bool_),
        errors_of(None),
    )
    alone = expected_accuracy(codes, every, Entities(np.zeros(1_000, np.uint64)), by)
    owned = expected_accuracy(codes, every, Entities(np.repeat(np.arange(1, 101, dtype=np.uint64), 10)), by)
    assert alone and owned and owned.high - owned.low > 2 * (alone.high - alone.low)


def test_without_a_test_split_the_confidence_is_taken_at_its_word() -> None:
    codes = confidence_codes(np.full(400, 0.93))
    found = expected_accuracy(
        codes, np.ones(400, np.bool_), Entities(np.zeros(400, np.uint64)), errors_of(None)
    )
    assert found is not None and found.value == pytest.approx(0.925)


def test_where_nothing_is_claimed_there_is_nothing_to_estimate() -> None:
    codes, none = confidence_codes(np.full(5, 0.9)), np.zeros(5, np.bool_)
    assert expected_accuracy(codes, none, Entities(np.zeros(5, np.uint64)), errors_of(None)) is None
