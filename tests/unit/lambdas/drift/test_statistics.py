"""The tests themselves, number for number against scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from lambdas.drift.statistics.chi_square import two_sample
from lambdas.drift.statistics.effects import (
    jensen_shannon,
    largest_h,
    stability_index,
    total_variation,
    wasserstein,
)
from lambdas.drift.statistics.false_discovery import discoveries
from lambdas.drift.statistics.fisher import fisher
from lambdas.drift.statistics.gamma import chi_square_tail
from lambdas.drift.statistics.permutation import MOST_DRAWS, permutation

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("df", [1, 2, 9, 10.5, 60, 400])
@pytest.mark.parametrize("x", [1e-9, 0.3, 1.0, 8.0, 30.0, 150.0, 900.0])
def test_the_tail_of_chi_square_is_scipys(x: float, df: float) -> None:
    assert chi_square_tail(x, df) == pytest.approx(special.gammaincc(df / 2, x / 2), rel=1e-10, abs=1e-300)


def test_the_tail_at_its_ends() -> None:
    assert chi_square_tail(0.0, 3) == 1.0
    assert chi_square_tail(1e5, 3) == 0.0
    with pytest.raises(ValueError, match="more than 0"):
        chi_square_tail(1.0, 0)


def test_two_samples_in_bins() -> None:
    first, second = np.array([20.0, 30.0, 50.0]), np.array([30.0, 30.0, 40.0])
    found = two_sample(first, second)
    wanted = stats.chi2_contingency([first, second], correction=False)
    assert found.statistic == pytest.approx(wanted.statistic, rel=1e-12) == pytest.approx(28 / 9, rel=1e-12)
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-12)


def test_a_bin_that_nobody_is_in_counts_for_nothing() -> None:
    with_empty = two_sample(np.array([5.0, 0.0, 5.0]), np.array([9.0, 0.0, 1.0]))
    assert with_empty == two_sample(np.array([5.0, 5.0]), np.array([9.0, 1.0]))
    assert two_sample(np.array([5.0, 0.0]), np.array([9.0, 0.0])).p == 1.0


@pytest.mark.parametrize("table", [(3, 10, 9, 12), (0, 40, 6, 40), (50, 100, 500, 1000), (1, 1, 0, 5)])
def test_fishers_exact_test_is_scipys(table: tuple[int, int, int, int]) -> None:
    hits, of, other, other_of = table
    wanted = stats.fisher_exact([[hits, of - hits], [other, other_of - other]]).pvalue
    assert fisher(hits, of, other, other_of).p == pytest.approx(wanted, rel=1e-9)


def test_the_permutation_test_agrees_with_the_exact_one() -> None:
    table = [[12, 5, 3], [4, 9, 9]]
    wanted = stats.chi2_contingency(table, correction=False)
    found = permutation(np.array(table[0]), np.array(table[1]))
    assert found.statistic == pytest.approx(wanted.statistic, rel=1e-12)
    exact = _exact(np.array(table[0]), np.array(table[1]))
    assert found.p == pytest.approx(exact, rel=0.35), "20 extreme draws tell p to a quarter or so"


def _exact(first: np.ndarray, second: np.ndarray) -> float:
    """All tables with these margins, one by one."""
    total, n = first + second, int(first.sum())

    def chance(a: int, b: int) -> float:
        c = n - a - b
        if not 0 <= c <= total[2]:
            return 0.0
        return float(special.comb(total[0], a) * special.comb(total[1], b) * special.comb(total[2], c))

    def value(a: int, b: int) -> float:
        one = np.array([a, b, n - a - b], float)
        return two_sample(one, total - one).statistic

    seen = two_sample(first.astype(float), second.astype(float)).statistic
    tables = [(a, b) for a in range(total[0] + 1) for b in range(total[1] + 1) if chance(a, b)]
    whole = sum(chance(*each) for each in tables)
    return sum(chance(*each) for each in tables if value(*each) >= seen - 1e-9) / whole


def test_the_permutation_test_ends_early_or_at_its_last_draw() -> None:
    same = permutation(np.array([50, 50]), np.array([50, 50]))
    assert same.p > 0.5
    apart = permutation(np.array([200, 0, 0]), np.array([0, 200, 3]))
    assert apart.p == 1 / (MOST_DRAWS + 1)
    assert permutation(np.array([200, 0, 0]), np.array([0, 200, 3])) == apart, (
        "the same counts, the same answer"
    )


def test_false_discoveries_by_hand() -> None:
    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
    assert discoveries(p, 0.05).tolist() == [True, True, *[False] * 8], "Benjamini and Hochberg's own example"
    assert discoveries(p, 0.25).sum() == 10
    wanted = stats.false_discovery_control(p) <= 0.1
    assert discoveries(p, 0.1).tolist() == wanted.tolist()
    assert discoveries([], 0.05).tolist() == []


def test_a_shift_that_moves_many_a_little_is_what_bonferroni_misses() -> None:
    p = [0.004] * 20 + [0.5] * 30
    assert discoveries(p, 0.01).sum() == 20
    assert sum(each <= 0.01 / 50 for each in p) == 0


def test_the_stability_index_takes_off_what_chance_gives() -> None:
    before, now = np.array([400.0, 600.0]), np.array([600.0, 400.0])
    p, q = np.array([400.5, 600.5]) / 1001, np.array([600.5, 400.5]) / 1001
    wanted = float(((q - p) * np.log(q / p)).sum()) - 2 / 1000
    assert stability_index(before, now) == pytest.approx(wanted, rel=1e-12)
    rng, same = np.random.default_rng(0), np.full(10, 0.1)
    draws = [
        stability_index(rng.multinomial(500, same) * 1.0, rng.multinomial(500, same) * 1.0)
        for _ in range(300)
    ]
    assert np.mean(draws) < 0.01 and np.max(draws) < 0.06


def test_jensen_shannon_is_scipys() -> None:
    from scipy.spatial.distance import jensenshannon

    before, now = np.array([10.0, 20.0, 70.0, 0.0]), np.array([30.0, 30.0, 30.0, 10.0])
    assert jensen_shannon(before, now) == pytest.approx(jensenshannon(before, now, base=2), rel=1e-12)
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 5.0])) == 1.0


def test_the_shares_that_moved() -> None:
    before, now = np.array([98.0, 2.0]), np.array([94.0, 6.0])
    assert total_variation(before, now) == pytest.approx(0.04)
    assert largest_h(before, now) == pytest.approx(2 * np.arcsin(0.06**0.5) - 2 * np.arcsin(0.02**0.5))


def test_wasserstein_on_points_is_scipys_and_on_bins_a_numerical_integral() -> None:
    before, now, points = np.array([4.0, 4.0, 2.0]), np.array([1.0, 4.0, 5.0]), np.array([0.0, 1.0, 5.0])
    wanted = stats.wasserstein_distance(points, points, before, now)
    assert wasserstein(before, now, points) == pytest.approx(wanted, rel=1e-12)
    ends = np.array([0.0, 1.0, 2.0, 5.0])
    grid = np.linspace(0, 5, 500_001)
    cdf = [
        np.interp(grid, ends, np.r_[0, np.cumsum(c / c.sum())]) for c in (before, np.array([6.0, 0.0, 4.0]))
    ]
    area = float(np.abs(cdf[0] - cdf[1]).mean() * 5)
    assert wasserstein(before, np.array([6.0, 0.0, 4.0]), ends) == pytest.approx(area, rel=1e-4)


@pytest.mark.parametrize(
    ("now", "least_chi_square", "most_ks"),
    [
        (lambda rng: rng.normal(0.0, 1.2, 1_000), 0.9, 0.4),
        (lambda rng: np.where(rng.random(1_000) < 0.08, 0.5, rng.normal(size=1_000)), 0.9, 0.4),
        (lambda rng: rng.normal(0.15, 1.0, 1_000), 0.4, 0.75),
    ],
    ids=["wider", "a heap at one value", "moved"],
)
def test_why_there_is_no_kolmogorov_smirnov_test_on_bins(
    now: Any, least_chi_square: float, most_ks: float
) -> None:
    """What it alone would see is little, and what it misses is what a broken field looks like."""
    rng = np.random.default_rng(0)
    chi_square = ks = 0
    for _ in range(100):
        before = rng.normal(size=20_000)
        edges = np.quantile(before, np.arange(1, 10) / 10)
        old, new = (
            np.bincount(np.searchsorted(edges, each), minlength=10).astype(float)
            for each in (before, now(rng))
        )
        chi_square += two_sample(old, new).p < 1e-3
        gap = float(np.abs(np.cumsum(old / old.sum()) - np.cumsum(new / new.sum())).max())
        ks += stats.kstwobign.sf(gap * np.sqrt(20_000 * 1_000 / 21_000)) < 1e-3
    assert chi_square / 100 >= least_chi_square and ks / 100 <= most_ks
