"""Kappa, its interval and Wilson's against published figures and kept libraries."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from lambdas.review.agreement import agreement_of, kappa, quality_of, wilson

LABELS = st.sampled_from("abc")


def test_a_published_example() -> None:
    """Fleiss, Cohen and Everitt (1969), table 1: kappa .429, standard error .0536 for 200 subjects."""
    shares = {
        ("1", "1"): 106, ("1", "2"): 10, ("1", "3"): 4,
        ("2", "1"): 22, ("2", "2"): 28, ("2", "3"): 10,
        ("3", "1"): 2, ("3", "2"): 12, ("3", "3"): 6,
    }  # fmt: skip
    found = kappa(shares)
    assert found.n == 200
    assert found.observed == pytest.approx(0.70)
    assert found.kappa == pytest.approx(0.429, abs=5e-4)
    assert found.interval is not None
    assert (found.interval[1] - found.interval[0]) / (2 * 1.96) == pytest.approx(0.0536, abs=5e-4)


@given(st.lists(st.tuples(LABELS, LABELS), min_size=2, max_size=60))
def test_it_is_scikit_learns(said: list[tuple[str, str]]) -> None:
    pairs: dict[tuple[str, str], int] = {}
    for pair in said:
        pairs[pair] = pairs.get(pair, 0) + 1
    found = kappa(pairs)
    if found.kappa is None:
        assert len({label for pair in said for label in pair}) == 1, "chance explains everything"
    else:
        first, second = zip(*said, strict=True)
        assert found.kappa == pytest.approx(cohen_kappa_score(list(first), list(second)), abs=1e-9)
        assert found.interval is not None
        assert -1.0 <= found.interval[0] <= found.kappa <= found.interval[1] <= 1.0


def test_the_interval_covers_what_is_true_about_as_often_as_it_says() -> None:
    """Two people who each see the truth with probability .8, of two labels: kappa .36."""
    rng, hits = random.Random(3), 0  # noqa: S311 - no secret
    for _ in range(400):
        pairs: dict[tuple[str, str], int] = {}
        for _ in range(150):
            truth = rng.choice("ab")
            pair = tuple(truth if rng.random() < 0.8 else "ba"["ab".index(truth)] for _ in range(2))
            pairs[pair] = pairs.get(pair, 0) + 1  # type: ignore[index, call-overload]
        interval = kappa(pairs).interval
        assert interval is not None
        hits += interval[0] <= 0.36 <= interval[1]
    assert 0.92 <= hits / 400 <= 0.98


def test_nothing_and_one_pair() -> None:
    assert kappa({}) == (0, None, None, None)
    assert kappa({("a", "b"): 1}).interval is None
    assert kappa({("a", "a"): 5}) == (5, 1.0, None, None)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(given_: tuple[int, int]) -> None:
    hits, n = given_
    expected = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_counters_of_a_service() -> None:
    counters = {
        "id": {"S": "counters#x"}, 'pair ["a","b,c"]': {"N": "2"}, 'pair ["a","a"]': {"N": "3"},
        "sampled": {"N": "10"}, "overturned": {"N": "1"},
    }  # fmt: skip
    found = agreement_of("x", counters)
    assert (found.n, found.observed, found.pairs) == (5, 0.6, {"a": {"a": 3, "b,c": 2}})
    quality = quality_of("x", counters)
    assert (quality.n, quality.overturned, quality.share) == (10, 1, 0.1)
    assert (agreement_of("x", {}).n, quality_of("x", {}).share, quality_of("x", {}).interval) == (
        0,
        None,
        None,
    )
