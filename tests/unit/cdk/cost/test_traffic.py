"""The traffic that is asked about, and what comes in groups."""

from __future__ import annotations

import math
import random

import pytest

from cdk.cost.errors import CostError
from cdk.cost.traffic import SECONDS, grouped, sampled, traffic_of

pytestmark = pytest.mark.unit

NAMES = ["tickets", "transactions", "content"]


def test_services_that_are_not_named_share_what_is_left() -> None:
    assert traffic_of(NAMES, 90_000, {}, []).decisions == dict.fromkeys(NAMES, 30_000)
    assert traffic_of(NAMES, 90_000, {"tickets": 50_000}, []).decisions == {
        "tickets": 50_000, "transactions": 20_000, "content": 20_000,
    }  # fmt: skip
    assert traffic_of(NAMES, None, {"content": 5}, []).decisions == {
        "tickets": 0, "transactions": 0, "content": 5,
    }  # fmt: skip
    assert traffic_of(NAMES, None, {}, []).total == 100_000
    assert traffic_of(["posts"], 7, {}, []).decisions == {"posts": 7}


def test_a_mix_can_be_scaled() -> None:
    mix = traffic_of(NAMES, 100, {"tickets": 50, "transactions": 30}, [])
    assert mix.scaled(1000).decisions == {"tickets": 500, "transactions": 300, "content": 200}
    assert mix.scaled(0).total == 0
    assert traffic_of(NAMES, 0, {}, []).scaled(300).decisions == dict.fromkeys(NAMES, 100)


def test_assumptions_can_be_set() -> None:
    assert traffic_of(NAMES, 1, {}, ["image_mb=2.5", "batch=10"]).assumed.image_mb == 2.5


@pytest.mark.parametrize(
    ("total", "own", "changes", "said"),
    [
        (None, {"ticket": 1}, [], "Did you mean tickets"),
        (-1, {}, [], "0 or more"),
        (math.nan, {}, [], "0 or more"),
        (math.inf, {}, [], "0 or more"),
        (None, {"tickets": -1}, [], "tickets=-1"),
        (10, {"tickets": 20}, [], "20 together"),
        (10, dict.fromkeys(NAMES, 1), [], "3 together"),
        (1, {}, ["image_mbs=1"], "Did you mean image_mb"),
        (1, {}, ["image_mb"], "key=value"),
        (1, {}, ["image_mb=big"], "^IMAGE_MB=big is no number: give one, such as 0.5$"),
        (1, {}, ["batch=nan"], "^batch=nan is no number"),
        (1, {}, ["review_share=1.5"], "^review_share=1.5 cannot be used: it must be <= 1.0$"),
        (1, {}, ["batch=101"], "batch"),
        (1, {}, ["refresh_seconds=0"], "refresh_seconds"),
    ],
)
def test_what_cannot_be_is_named(
    total: float | None, own: dict[str, float], changes: list[str], said: str
) -> None:
    with pytest.raises(CostError, match=said):
        traffic_of(NAMES, total, own, changes)


def test_events_that_come_in_groups_are_as_many_as_a_simulation_says() -> None:
    chance = random.Random(4)  # noqa: S311
    for events in (500, 8_760, 100_000):
        now, end, groups = 0.0, -1.0, 0
        for _ in range(events):
            now += chance.expovariate(events / SECONDS)
            if now >= end:
                groups, end = groups + 1, now + 300
        assert grouped(events, 300) == pytest.approx(groups, rel=0.05)
    assert grouped(0, 300) == 0
    assert grouped(1_000, 0) == pytest.approx(1_000)


def test_of_few_calls_nearly_all_are_traced_and_of_many_the_first_of_each_second() -> None:
    assert sampled(10_000) == pytest.approx(10_000, rel=0.01)
    many = 100 * SECONDS
    assert sampled(many) == pytest.approx(SECONDS * (1 + 0.05 * 99), rel=0.001)
    chance = random.Random(5)  # noqa: S311
    seconds = 20_000
    one_a_second = [sum(1 for _ in range(20) if chance.random() < 0.05) for _ in range(seconds)]
    recorded = sum(min(count, 1) + 0.05 * max(count - 1, 0) for count in one_a_second)
    assert sampled(SECONDS) / SECONDS == pytest.approx(recorded / seconds, abs=0.02)
