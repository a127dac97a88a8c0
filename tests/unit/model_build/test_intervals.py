from __future__ import annotations

import numpy as np
import pytest

from model_build.intervals import mean_interval, percentile_interval, resampled_confusions, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe 1998 (Statistics in Medicine 17:857-872), table I, the score method.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(successes: int, n: int, low: float, high: float) -> None:
    found = wilson(successes, n)
    assert found.value == successes / n
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_wilson_of_no_rows_says_that_nothing_is_known() -> None:
    found = wilson(0, 0)
    assert (found.low, found.high, found.n) == (0.0, 1.0, 0)


def test_wilson_of_all_rows_ends_at_one() -> None:
    assert wilson(20, 20).high == 1.0


def test_mean_interval_is_the_normal_one() -> None:
    found = mean_interval(np.array([1.0, 2.0, 3.0, 4.0]))
    half = 1.959963984540054 * np.std([1, 2, 3, 4], ddof=1) / 2
    assert found.value == 2.5
    assert found.high - found.value == pytest.approx(half, abs=1e-12)
    assert found.value - found.low == pytest.approx(half, abs=1e-12)


def test_mean_interval_of_one_row_has_no_width() -> None:
    found = mean_interval(np.array([3.0]))
    assert (found.value, found.low, found.high, found.n) == (3.0, 3.0, 3.0, 1)


def test_percentile_interval_contains_its_value() -> None:
    found = percentile_interval(0.0, np.linspace(0.5, 1.0, 101), 10)
    assert found.low == 0.0
    assert found.high == pytest.approx(0.9875)


def test_resampled_confusions_keep_the_number_of_rows_and_the_empty_cells() -> None:
    confusion = np.array([[30, 0], [5, 65]], dtype=np.int64)
    drawn = resampled_confusions(confusion, seed=1, resamples=500)
    assert drawn.shape == (500, 2, 2)
    assert (drawn.sum(axis=(1, 2)) == 100).all()
    assert (drawn[:, 0, 1] == 0).all()
    assert drawn.mean(axis=0) == pytest.approx(confusion, abs=1.0)
    assert (drawn == resampled_confusions(confusion, seed=1, resamples=500)).all()
