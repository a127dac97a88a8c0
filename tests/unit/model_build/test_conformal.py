from __future__ import annotations

import numpy as np
import pytest

from lambdas.core.bundle import Conformal, Head
from lambdas.core.policy import judge
from model_build.conformal import fit_conformal, measure_coverage, prediction_sets


def of_truths(truths: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Two classes; class 0 is true and has these probabilities."""
    first = np.array(truths)
    return np.stack([first, 1 - first], axis=1), np.zeros(len(truths), dtype=np.int64)


def test_threshold_has_the_finite_sample_rank() -> None:
    # 19 rows at 90 %: rank ceil(20 * 0.9) = 18 of the scores, the second smallest probability.
    probabilities, labels = of_truths([k / 20 for k in range(1, 20)])
    assert fit_conformal(probabilities, labels, 0.9) == Conformal(0.9, 0.1)


def test_nine_rows_are_just_enough_for_ninety_percent() -> None:
    probabilities, labels = of_truths([k / 10 for k in range(1, 10)])
    assert fit_conformal(probabilities, labels, 0.9).threshold == pytest.approx(0.1)


def test_with_too_few_rows_every_class_is_in() -> None:
    probabilities, labels = of_truths([0.9] * 8)
    found = fit_conformal(probabilities, labels, 0.9)
    assert found.threshold == 0.0
    assert prediction_sets(np.array([[0.999, 0.001]]), found).all()


def test_the_winner_is_always_in() -> None:
    inside = prediction_sets(np.array([[0.4, 0.35, 0.25]]), Conformal(0.9, 0.8))
    assert inside.tolist() == [[True, False, False]]


def test_sets_are_those_of_serving() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([0.5, 0.5, 0.5], 200)
    conformal = Conformal(0.9, 0.3)
    head = Head("h", "h_probabilities", ["a", "b", "c"], {}, conformal)
    inside = prediction_sets(probabilities, conformal)
    for row, expected in zip(probabilities.tolist(), inside, strict=True):
        served = judge(head, row).answer.prediction_set
        assert set(served) == {name for name, is_in in zip("abc", expected, strict=True) if is_in}


def test_coverage_holds_on_exchangeable_rows() -> None:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([0.7] * 5, 8000)
    labels = (rng.random((8000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1).clip(0, 4)
    conformal = fit_conformal(probabilities[:4000], labels[:4000], 0.9)
    found = measure_coverage(probabilities[4000:], labels[4000:], conformal, list("abcde"))
    assert found.overall.value == pytest.approx(0.9, abs=0.015)


def test_coverage_by_class_language_and_size() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.3, 0.7]])
    labels = np.array([0, 1, 1, 1])
    found = measure_coverage(probabilities, labels, Conformal(0.9, 0.4), ["a", "b"], ["en", "en", "es", ""])
    assert found.overall.value == 0.75
    assert found.by_class["a"].value == 1.0
    assert found.by_class["b"].value == pytest.approx(2 / 3)
    assert {name: each.value for name, each in found.by_language.items()} == {"en": 1.0, "es": 0.0}
    assert found.sizes == [3, 1]
    assert found.mean_size.value == 1.25
