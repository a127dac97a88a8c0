"""The sums that are kept of a day, and added up to a month."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec


class Sums(msgspec.Struct, frozen=True):
    """`decisions` of which `alone` were acted on without a person and `reviewed` were not; `labelled` of the
    first have a label, and `wrong` of those were wrong. `unpriced` count in `decisions` only: nobody knows
    what they are worth.

    `hours` and `money` are saved, below zero when they cost more than they save. `low` and `high` bound
    `money`: what is not labelled has the measured error rates, and those have 95 % intervals.
    """

    decisions: int = 0
    alone: int = 0
    reviewed: int = 0
    labelled: int = 0
    wrong: int = 0
    unpriced: int = 0
    hours: float = 0.0
    money: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(a + b for a, b in zip(_values(self), _values(other), strict=True)))

    def __sub__(self, other: Sums) -> Sums:
        return Sums(*(a - b for a, b in zip(_values(self), _values(other), strict=True)))


def total(parts: Iterable[Sums]) -> Sums:
    """Their sum."""
    return sum(parts, start=Sums())


def _values(sums: Sums) -> tuple[Any, ...]:
    return msgspec.structs.astuple(sums)
