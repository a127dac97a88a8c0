"""The reference distribution: small, readable by a drift test, right in its counts."""

from __future__ import annotations

import numpy as np
import pytest

from model_build.reference import distribution


def test_few_values_are_counted_one_by_one() -> None:
    found = distribution(np.array([0.0, 1.0, 1.0, np.nan]))
    assert (found.values, found.counts, found.edges) == ([0.0, 1.0], [1, 2], [])
    assert found.missing == 0.25 and found.mean == pytest.approx(2 / 3, abs=1e-6)


def test_many_values_are_counted_in_tenths() -> None:
    numbers = np.random.default_rng(0).normal(size=1_000)
    found = distribution(numbers)
    assert len(found.edges) == 9 and found.counts == [100] * 10
    inside = (numbers >= found.edges[3]) & (numbers < found.edges[4])
    assert abs(int(inside.sum()) - found.counts[4]) <= 1


def test_a_heap_of_equal_values_shares_one_bin() -> None:
    found = distribution(np.r_[np.zeros(900), np.arange(1, 101)])
    assert len(found.counts) == len(found.edges) + 1 and sum(found.counts) == 1_000


def test_nothing_known() -> None:
    found = distribution(np.array([np.nan, np.nan]))
    assert found.missing == 1.0 and found.counts == []
