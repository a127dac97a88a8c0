from __future__ import annotations

import math

import numpy as np
import pytest

from model_build.calibration import (
    fit_calibration,
    fit_temperature,
    fit_temperature_and_bias,
    row_losses,
    softmax,
)


def two_classes(margin: float, right: int, wrong: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that all say class 1 by `margin`, `right` of them truly."""
    scores = np.tile([0.0, margin], (right + wrong, 1))
    return scores, np.array([1] * right + [0] * wrong)


def drawn(logits: np.ndarray, seed: int) -> np.ndarray:
    """A label for each row, drawn with the probabilities of its logits."""
    rng = np.random.default_rng(seed)
    return (rng.random((len(logits), 1)) > softmax(logits).cumsum(axis=1)).sum(axis=1)


def test_temperature_of_a_known_optimum() -> None:
    # The best probability of rows that are right 3 times in 4 is 3/4: 4 / T = ln(3/4 / 1/4).
    scores, labels = two_classes(4.0, 75, 25)
    assert fit_temperature(scores, labels) == pytest.approx(4.0 / math.log(3.0), rel=1e-6)


def test_temperature_below_one_sharpens() -> None:
    scores, labels = two_classes(0.5, 90, 10)
    assert fit_temperature(scores, labels) == pytest.approx(0.5 / math.log(9.0), rel=1e-6)


def test_temperature_does_not_change_the_winner() -> None:
    scores = np.random.default_rng(0).normal(size=(200, 5))
    calibration = fit_calibration(scores, drawn(3 * scores, 1), seed=0)
    if calibration.method == "temperature":
        assert (calibration.probabilities(scores).argmax(axis=1) == scores.argmax(axis=1)).all()


def test_temperature_of_scores_that_are_logits_scaled_by_three() -> None:
    logits = np.random.default_rng(2).normal(size=(20_000, 4), scale=2.0)
    assert fit_temperature(3.0 * logits, drawn(logits, 3)) == pytest.approx(3.0, rel=0.05)


def test_separated_rows_stop_at_the_limit() -> None:
    scores, labels = two_classes(1.0, 50, 0)
    temperature = fit_temperature(scores, labels)
    assert 0.0 < temperature < 0.05
    assert np.isfinite(row_losses(scores / temperature, labels)).all()


def test_biases_of_known_shares() -> None:
    """Scores that say nothing: the biases must become the logarithms of the shares."""
    labels = np.repeat([0, 1, 2], [6000, 3000, 1000])
    _, bias = fit_temperature_and_bias(np.zeros((10_000, 3)), labels)
    assert softmax(bias[None])[0] == pytest.approx([0.6, 0.3, 0.1], abs=1e-3)
    assert bias.sum() == pytest.approx(0.0, abs=1e-9)


def test_biases_are_chosen_when_training_shifted_the_shares() -> None:
    logits = np.random.default_rng(4).normal(size=(3000, 3), scale=2.0)
    labels = drawn(logits, 5)
    shifted = logits + np.array([0.0, 1.5, -1.5])
    found = fit_calibration(2.0 * shifted, labels, seed=0)
    assert found.method == "temperature and bias"
    assert found.temperature == pytest.approx(2.0, rel=0.1)
    assert found.bias == pytest.approx([0.0, -1.5, 1.5], abs=0.25)
    assert found.log_losses["temperature and bias"] < found.log_losses["temperature"]


def test_a_temperature_alone_is_chosen_when_it_is_enough() -> None:
    logits = np.random.default_rng(6).normal(size=(3000, 3), scale=2.0)
    found = fit_calibration(2.0 * logits, drawn(logits, 7), seed=0)
    assert found.method == "temperature"
    assert found.bias == [0.0, 0.0, 0.0]


def test_biases_are_not_tried_with_few_rows() -> None:
    scores, labels = two_classes(4.0, 9, 3)
    found = fit_calibration(scores, labels, seed=0)
    assert found.method == "temperature"
    assert "temperature and bias" not in found.log_losses


def test_the_same_seed_gives_the_same_calibration() -> None:
    scores = np.random.default_rng(8).normal(size=(500, 4))
    labels = drawn(scores, 9)
    assert fit_calibration(scores, labels, seed=3) == fit_calibration(scores, labels, seed=3)


def test_losses_of_large_scores_are_finite() -> None:
    losses = row_losses(np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([0, 0]))
    assert losses == pytest.approx([0.0, 1e4])


def noisy(share: float, rows: int = 3_000) -> tuple[np.ndarray, np.ndarray]:
    """Sure scores whose labels are drawn anew, from any class, for `share` of the rows."""
    rng = np.random.default_rng(8)
    logits = rng.normal(size=(rows, 4), scale=4.0)
    labels = drawn(logits, 9)
    wrong = rng.random(rows) < share
    return logits, np.where(wrong, rng.integers(0, 4, rows), labels)


def test_a_floor_finds_the_share_of_noisy_labels() -> None:
    logits, labels = noisy(0.1)
    found = fit_calibration(2.0 * logits, labels, seed=0)
    assert found.method == "temperature and floor"
    assert found.floor == pytest.approx(0.1, abs=0.03)
    assert found.temperature == pytest.approx(2.0, rel=0.1)


def test_no_floor_without_noise() -> None:
    logits, labels = noisy(0.0)
    assert fit_calibration(logits, labels, seed=0).floor == 0.0


def test_logits_with_a_floor_are_those_of_its_probabilities() -> None:
    logits, labels = noisy(0.1)
    found = fit_calibration(logits, labels, seed=0)
    plain = softmax(logits / found.temperature + np.asarray(found.bias))
    expected = (1 - found.floor) * plain + found.floor / 4
    assert found.probabilities(logits) == pytest.approx(expected)
