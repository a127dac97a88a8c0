"""What a reference says beside the counts: how much they are worth, and what in them is not for good."""

from __future__ import annotations

import numpy as np
import pytest

from model_build.distribution import DAY_MS, calendar, distribution, moving, worth

pytestmark = pytest.mark.unit


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
