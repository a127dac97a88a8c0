"""What a reference says beside the counts: how much they are worth, and what in them is not for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from lambdas.drift.bins import Codes, of_distribution
from lambdas.drift.statistics.effects import stability_index
from lambdas.observations.record import Features, Observation
from lambdas.observer.images import observation_of
from model_build.distribution import DAY_MS, calendar, distribution, moving, worth

pytestmark = pytest.mark.unit

Numbers = npt.NDArray[np.floating[Any]]
IMAGE: Mapping[str, Mapping[str, Any]] = {
    "service": {"S": "tickets"}, "id": {"S": "x.1"}, "at": {"S": "2026-11-03T12:00:00.000Z"},
    "variant": {"S": "champion"}, "outcome": {"S": "a"}, "review": {"BOOL": False},
    "confidence": {"N": "0.9"}, "source": {"S": "model"},
}  # fmt: skip


def observed(numbers: Numbers) -> npt.NDArray[np.float32]:
    """`numbers` as the drift job reads them again, once the observer has written them."""
    line = msgspec.json.encode(observation_of(IMAGE, Features(numbers.tolist(), {})))
    return np.array(msgspec.json.decode(line, type=Observation).features, np.float32)


def counted(numbers: Numbers, told: Numbers) -> tuple[list[int], Codes, float]:
    """What training counted of `told`; the bins of `numbers`, and how far they are from it."""
    known = distribution(told)
    bins = of_distribution(known, len(told))
    assert bins is not None
    codes = bins.codes(numbers)
    now = np.bincount(codes, minlength=len(bins.names)).astype(np.float64)
    return known.counts, codes, stability_index(bins.counts, now)


@pytest.mark.parametrize("typical", [9, 40, 120, 800])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_logarithm_of_a_count_stays_in_its_bin_when_an_observation_rounds_it(
    typical: int, kind: type[np.floating[Any]]
) -> None:
    told = np.log1p(np.random.default_rng(typical).poisson(typical, 5_000)).astype(kind)
    counts, before, _ = counted(told, told)
    _, after, effect = counted(observed(told), told)
    assert np.bincount(before, minlength=len(counts)).tolist() == counts and min(counts) > 0
    assert np.array_equal(before, after) and effect == 0.0
    assert not set(distribution(told).edges) & {float(f"{value:.6f}") for value in np.unique(told)}


def test_a_heap_has_a_bin_of_its_own_and_none_is_empty() -> None:
    found = distribution(np.r_[np.zeros(900), np.arange(1, 101)])
    assert (found.edges, found.counts) == ([0.5], [900, 100])
    middle = distribution(np.r_[np.arange(-20, 0), np.zeros(60), np.arange(1, 21)])
    assert {-0.5, 0.5} < set(middle.edges) and 60 in middle.counts and min(middle.counts) > 0


def test_values_apart_by_noise_only_share_a_bin() -> None:
    steps = np.repeat(np.arange(1, 41) / 10, 50)
    noisy = steps * (1 + np.random.default_rng(0).uniform(-2e-8, 2e-8, len(steps)))
    _, before, _ = counted(noisy, noisy)
    _, after, effect = counted(observed(steps), noisy)
    assert np.array_equal(before, after) and effect == 0.0


def test_values_as_dense_as_a_clock_are_counted_in_tenths() -> None:
    clock = 1_800_000_000.0 + np.arange(1_000)
    found = distribution(np.r_[0.0, clock])
    assert len(found.edges) == 9 and max(found.counts) <= 102


def test_rows_of_one_card_are_worth_less_than_rows() -> None:
    rng = np.random.default_rng(0)
    own = np.repeat(rng.normal(size=200), 10)
    cards = [f"c{k // 10}" for k in range(2_000)]
    assert worth(distribution(own), own, cards, 2_000).effective == pytest.approx(200, rel=0.1)
    free = rng.normal(size=2_000)
    told = worth(distribution(free), free, cards, 2_000).effective
    assert not told or told == pytest.approx(2_000, rel=0.1), "it is left out where all are independent"


def test_without_owners_nothing_is_said() -> None:
    numbers = np.random.default_rng(0).normal(size=100)
    told = distribution(numbers)
    assert worth(told, numbers, [], 100) is told
    assert worth(told, numbers, [None] * 100, 100).effective == pytest.approx(100, abs=2)
    nothing = np.full(10, np.nan)
    assert worth(distribution(nothing), nothing, ["a"] * 10, 10).counts == []


def test_a_weekend_follows_the_calendar_and_an_hour_does_not() -> None:
    times = np.arange(0, 20 * DAY_MS, DAY_MS // 24)
    weekend = ((times // DAY_MS + 3) % 7 >= 5).astype(float)
    hour = (times // (DAY_MS // 24) % 24).astype(float)
    gone = np.where(weekend > 0, np.nan, 1.0)
    found = np.stack([weekend, hour, np.ones(len(times)), gone], axis=1)
    assert calendar(["weekend", "hour", "constant", "gone"], found, times) == ["weekend"]
    assert calendar(["weekend"], found[:50, :1], times[:50]) == [], "two days do not tell"


def test_what_has_moved_by_the_newest_rows() -> None:
    rng = np.random.default_rng(1)
    told = {name: distribution(rng.normal(size=5_000)) for name in ("age", "still")}
    newest = {"age": rng.normal(1.0, 1.0, 2_000), "still": rng.normal(size=2_000)}
    assert moving(told, newest, 5_000) == ["age"]
    assert moving(told, {}, 5_000) == []
