"""Everything that is measured of a moderation model on the test split."""

from __future__ import annotations

import msgspec

from lambdas.content.policies import Severity
from model_build.intervals import Interval
from model_build.moderation.measures import Ranking
from model_build.moderation.worth import Assumptions, Way
from model_build.reliability import Reliability


class Spoken(msgspec.Struct, frozen=True):
    """One language: how it ranks, and the shares of the broken posts that are caught and of the fine ones
    that are removed or looked at."""

    ranking: Ranking
    caught: Interval
    disturbed: Interval


class PolicyReport(msgspec.Struct, frozen=True):
    """One policy. `removed` and `reviewed` are shares of the rows by its own bounds; `right_removals` of
    the removed ones that break it, `caught` of what breaks it that is removed or looked at. `alone` ranks
    what single kinds of channel say on the rows that have them, `peers` what others' models say."""

    policy: str
    severity: Severity
    ranking: Ranking
    reliability: Reliability
    review: float
    remove: float
    removed: Interval
    reviewed: Interval
    right_removals: Interval
    caught: Interval
    languages: list[Spoken]
    alone: list[Ranking]
    peers: list[Ranking]


class Outcome(msgspec.Struct, frozen=True):
    """Posts that break `truth`, or nothing ("ok"), by what is done with them. One that breaks several
    policies counts under each."""

    truth: str
    allow: int
    review: int
    remove: int


class Report(msgspec.Struct, frozen=True):
    """All of it. `reviewed`, `removed` are shares of all rows; `wrong_removals` of the removed ones that
    break nothing, `missed` of the broken ones that are allowed. `unlabelled` are the policies without
    labels."""

    rows: int
    languages_detected: bool
    policies: list[PolicyReport]
    outcomes: list[Outcome]
    removed: Interval
    reviewed: Interval
    wrong_removals: Interval
    missed: Interval
    ways: list[Way]
    assumptions: Assumptions
    unlabelled: list[str]

    def of(self, policy: str) -> PolicyReport:
        """What is said of `policy`."""
        return next(each for each in self.policies if each.policy == policy)
