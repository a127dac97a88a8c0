"""The breaker opens after failures in a row, rests, and lets one call try."""

from __future__ import annotations

import pytest

from lambdas.core.breaker import Breaker
from lambdas.core.errors import DependencyDown, PreconditionFailed


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def fail() -> None:
    raise DependencyDown("no answer")


def test_it_opens_rests_and_closes() -> None:
    clock = Clock()
    breaker = Breaker("x", failures=2, rest=5.0, clock=clock)
    calls: list[int] = []
    for _ in range(2):
        with pytest.raises(DependencyDown, match="no answer"):
            breaker.call(fail)
    assert breaker.is_open
    with pytest.raises(DependencyDown, match="left alone"):
        breaker.call(lambda: calls.append(1))
    assert not calls
    clock.now += 5.0
    with pytest.raises(DependencyDown, match="no answer"):
        breaker.call(fail)
    assert breaker.is_open
    clock.now += 5.0
    assert breaker.call(lambda: "fine") == "fine"
    assert not breaker.is_open


def test_a_success_forgets_earlier_failures() -> None:
    breaker = Breaker("x", failures=2)
    for _ in range(5):
        with pytest.raises(DependencyDown):
            breaker.call(fail)
        breaker.call(lambda: None)
    assert not breaker.is_open


def test_an_answer_that_is_an_error_is_still_an_answer() -> None:
    breaker = Breaker("x", failures=1)

    def refused() -> None:
        raise PreconditionFailed("taken")

    for _ in range(3):
        with pytest.raises(PreconditionFailed):
            breaker.call(refused)
    assert not breaker.is_open
