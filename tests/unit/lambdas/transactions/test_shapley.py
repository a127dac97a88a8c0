"""Shapley values: exact where they can be, additive always, and the same as the shap package's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import shap

from lambdas.transactions.shapley import explain

Rows = npt.NDArray[np.float32]


def curved(rows: Rows) -> npt.NDArray[np.float64]:
    """A probability with interactions, thresholds and a place for what is not known."""
    x = np.nan_to_num(rows.astype(np.float64), nan=-1.0)
    total = x[:, 0] * x[:, 1] - 2.0 * (x[:, 2] > 0.3) * x[:, 3] + 0.4 * x[:, 1] - 0.8
    total += 0.3 * np.sin(x[:, 4:]).sum(axis=1)
    return 1.0 / (1.0 + np.exp(-total))


def rows_of(count: int, features: int, seed: int = 0) -> Rows:
    return np.random.default_rng(seed).normal(size=(count, features)).astype(np.float32)


@pytest.mark.parametrize("row", range(4))
def test_exact_values_are_those_of_the_shap_package(row: int) -> None:
    background, rows = rows_of(20, 8), rows_of(4, 8, seed=1)
    theirs = shap.explainers.Exact(curved, shap.maskers.Independent(background, max_samples=20))(
        rows[row : row + 1]
    )
    ours = explain(curved, rows[row], background, seed="d")
    assert ours.exact
    assert ours.values == pytest.approx(theirs.values[0], abs=1e-9)
    assert ours.base == pytest.approx(float(theirs.base_values[0]), abs=1e-9)


def test_sampled_values_are_close_to_the_exact_ones_and_say_how_close() -> None:
    background, row = rows_of(20, 9), rows_of(1, 9, seed=1)[0]
    exact = explain(curved, row, background, seed="d")
    sampled = explain(curved, row, background, seed="d", exact_up_to=3)
    assert not sampled.exact
    assert 0.0 < sampled.error < 0.02
    assert np.abs(sampled.values - exact.values).max() < 4 * sampled.error


@pytest.mark.parametrize(("features", "exact"), [(6, True), (10, True), (11, False), (26, False)])
def test_values_add_up(features: int, exact: bool) -> None:
    background, row = rows_of(12, features), rows_of(1, features, seed=2)[0]
    found = explain(lambda rows: curved(rows).astype(np.float32), row, background, seed="d")
    assert found.exact is exact
    assert found.base + found.values.sum() == pytest.approx(found.probability, abs=1e-9)
    assert found.probability == pytest.approx(curved(row[None])[0], abs=1e-7)


def test_the_same_decision_is_always_explained_alike() -> None:
    background, row = rows_of(12, 15), rows_of(1, 15, seed=2)[0]
    one, two, other = (explain(curved, row, background, seed=seed).values for seed in ("a", "a", "b"))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_feature_that_no_background_row_differs_in_has_no_part() -> None:
    background, row = rows_of(12, 15), rows_of(1, 15, seed=2)[0]
    background[:, 4:] = row[4:]
    background[:, 5] = row[5] = np.nan
    found = explain(curved, row, background, seed="d")
    assert found.exact
    assert not found.values[4:].any()
    assert explain(curved, row, row[None], seed="d").values.tolist() == [0.0] * 15


def test_what_was_not_known_may_count() -> None:
    background, row = rows_of(12, 6), rows_of(1, 6, seed=2)[0]
    row[1] = np.nan
    found = explain(curved, row, background, seed="d")
    assert found.base + found.values.sum() == pytest.approx(found.probability, abs=1e-9)
    assert found.values[1] != 0.0
