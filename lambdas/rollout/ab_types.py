"""What an A/B report holds: plain values that are kept as JSON."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from lambdas.core.errors import TriageError
from lambdas.rollout.ab_effects import Effect


class NothingToCompare(TriageError):
    """There are no observations that could tell the two versions apart; says why."""


class Period(NamedTuple):
    """A time [since, until) of seconds in which B had the `share` of the entities, by the rollout `of`."""

    since: float
    until: float
    share: float
    of: str = ""


class Side(msgspec.Struct, frozen=True):
    """What there is of one version; `first` and `last` are seconds since the epoch."""

    version: str
    decisions: int
    entities: int
    labelled: int
    labelled_acted: int
    wrong_acted: int
    failed: int
    first: float
    last: float


class Assignment(msgspec.Struct, frozen=True):
    """How entities fell, each counted once. `share` None: nobody says what it should have been.

    `evidence` is an e-value that it is not so by chance, `p_classic` the p-value of the chi-square test
    with one degree of freedom; `both` is how many entities had both versions, one after the other.
    """

    entities: int
    b: int
    expected_b: float | None
    evidence: float | None
    p_classic: float | None
    both: int
    state: Literal["fine", "broken", "unknown"]
    sentence: str


class Segment(msgspec.Struct, frozen=True):
    """The effects on decisions whose segment `name` is `value`."""

    name: str
    value: str
    effects: list[Effect]


class Moment(msgspec.Struct, frozen=True):
    """The effects as they stood `at` a time, in seconds since the epoch."""

    at: float
    effects: list[Effect]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `paired` are effects on the decisions for which both versions were asked."""

    service: str
    a: Side
    b: Side
    since: float
    until: float
    slices: int
    assignment: Assignment
    effects: list[Effect]
    segments: list[Segment]
    paired: list[Effect]
    pairs: int
    running: list[Moment]
    notes: list[str]
