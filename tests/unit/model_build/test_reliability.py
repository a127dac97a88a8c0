from __future__ import annotations

import numpy as np
import pytest

from model_build.reliability import expected_error, reliability, reliability_of


def test_error_of_a_known_table() -> None:
    # Two bins of two rows: |1/2 - 0.6| * 2/4 + |2/2 - 0.9| * 2/4.
    confidence = np.array([0.9, 0.5, 0.9, 0.7])
    right = np.array([True, False, True, True])
    assert expected_error(confidence, right, bins=2) == pytest.approx(0.5 * 0.1 + 0.5 * 0.1)


def test_error_is_zero_when_the_confidence_is_the_accuracy() -> None:
    confidence = np.full(100, 0.75)
    right = np.arange(100) % 4 != 0
    assert expected_error(confidence, right, bins=5) == pytest.approx(0.0, abs=1e-12)


def test_fewer_rows_than_bins() -> None:
    assert expected_error(np.array([0.6]), np.array([True]), bins=15) == pytest.approx(0.4)


def test_bins_hold_every_row_once_in_order_of_confidence() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([1.0, 1.0, 1.0], 101)
    labels = probabilities.argmax(axis=1)
    found = reliability(probabilities, labels, seed=0, bins=10)
    assert sum(each.accuracy.n for each in found.bins) == 101
    confidences = [each.confidence for each in found.bins]
    assert confidences == sorted(confidences)
    assert all(each.accuracy.value == 1.0 for each in found.bins)
    assert found.ece.value == pytest.approx(1.0 - probabilities.max(axis=1).mean())


def test_the_interval_holds_the_value_and_repeats() -> None:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([1.0, 1.0], 300)
    labels = rng.integers(0, 2, 300)
    found = reliability(probabilities, labels, seed=4)
    assert found.ece.low <= found.ece.value <= found.ece.high
    assert found == reliability(probabilities, labels, seed=4)


def test_the_bins_of_a_rare_event_expect_equally_many() -> None:
    rng = np.random.default_rng(3)
    probability = rng.beta(0.05, 5.0, 40_000)
    came = rng.random(40_000) < probability
    found = reliability_of(probability, came, seed=1, bins=8, rare=True)
    assert len(found.bins) == 8
    expected = [each.confidence * each.accuracy.n for each in found.bins]
    assert max(expected) < 1.3 * min(expected)
    assert found.bins[-1].confidence > 0.4 and found.ece.value < 0.002
    assert reliability_of(np.sqrt(probability), came, seed=1, rare=True).ece.value > 0.02
