"""How many independent decisions the decisions of customers are worth."""

from __future__ import annotations

import numpy as np
import pytest

from lambdas.drift.entities import MOST_SHARE, Entities

pytestmark = pytest.mark.unit


def test_rows_of_nobody_are_all_independent() -> None:
    codes = np.random.default_rng(0).integers(0, 10, 2_000)
    found = Entities(np.zeros(2_000, np.uint64)).tally(codes, 12)
    assert found.effective == pytest.approx(2_000, rel=0.01)
    assert found.shares.tolist() == (np.bincount(codes, minlength=12) / 2_000).tolist()


def test_customers_whose_rows_are_all_alike_are_worth_one_each() -> None:
    rng = np.random.default_rng(1)
    owner = np.repeat(np.arange(1, 401, dtype=np.uint64), 5)
    codes = np.repeat(rng.integers(0, 10, 400), 5)
    assert Entities(owner).tally(codes, 10).effective == pytest.approx(400, rel=0.05)
    mixed = rng.permutation(codes)
    assert Entities(owner).tally(mixed, 10).effective == pytest.approx(2_000, rel=0.08)


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    owner = rng.integers(0, 60, 900).astype(np.uint64)
    codes = rng.integers(0, 5, 900)
    order = rng.permutation(900)
    one, other = Entities(owner).tally(codes, 5), Entities(owner[order]).tally(codes[order], 5)
    assert one.shares == pytest.approx(other.shares) and one.effective == pytest.approx(other.effective)


def test_the_variance_is_that_of_the_clusters_by_hand() -> None:
    one, codes = np.array([1, 1, 1, 2, 2, 3, 0, 0]), np.array([0, 0, 1, 1, 1, 0, 0, 1])
    owner = np.concatenate([np.where(one > 0, one + 10 * k, 0) for k in range(20)]).astype(np.uint64)
    p, clusters = np.array([0.5, 0.5]), [[2, 1], [0, 2], [1, 0], [1, 0], [0, 1]]
    spread = 20 * sum((np.array(each) - sum(each) * p) ** 2 for each in clusters) / 160**2 * 100 / 99
    wanted = 1 / float((spread / p).sum())
    assert Entities(owner).tally(np.tile(codes, 20), 2).effective == pytest.approx(wanted)


def test_few_customers_count_alike() -> None:
    owner = np.repeat(np.arange(1, 6, dtype=np.uint64), [10, 200, 30, 40, 500])
    found = Entities(owner).tally(np.repeat([0, 1, 0, 0, 1], [10, 200, 30, 40, 500]), 2)
    assert found.shares.tolist() == pytest.approx([0.6, 0.4])


def test_a_busy_customer_is_held_down() -> None:
    rng = np.random.default_rng(3)
    owner = np.r_[np.full(5_000, 7, np.uint64), rng.integers(100, 1_100, 3_000).astype(np.uint64)]
    codes = np.r_[np.zeros(5_000, int), rng.integers(0, 4, 3_000)]
    found = Entities(owner).tally(codes, 4)
    assert found.shares[0] == pytest.approx(0.25 * (1 - MOST_SHARE) + MOST_SHARE, abs=0.02)
    assert Entities(owner).weights(8_000)[0] < 0.02 and Entities(owner).weights(8_000)[-1] == 1.0


def test_a_constant_counts_customers() -> None:
    owner = np.repeat(np.arange(1, 101, dtype=np.uint64), 10)
    assert Entities(owner).tally(np.zeros(1_000, int), 3).effective == pytest.approx(100)


def test_nothing() -> None:
    found = Entities(np.zeros(0, np.uint64))
    assert found.count == 0 and found.tally(np.zeros(0, int), 3).effective == 0.0
