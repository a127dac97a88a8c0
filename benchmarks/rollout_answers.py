"""What the answers to a rollout benchmark's requests say: which failed, which were wrong, how fast it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from benchmarks.rollout_worker import Answered
from lambdas.core.variant import Rollout, assign

SAME: Final = 1e-6
"""By so much the confidence of the same model may differ on the same ticket."""


class Said(NamedTuple):
    """What a model says of a ticket."""

    outcome: str
    confidence: float


class Change(NamedTuple):
    """rollout.json from `at` on: the last time, in epoch seconds, at which it was seen to be as before."""

    what: str
    at: float
    live: Rollout


def version_for(live: Rollout, entity: str) -> str:
    """The version that is to answer `entity`."""
    if live.challenger is not None and assign(live, entity) == "challenger":
        return live.challenger.version
    return live.champion.version


def live_after(changes: Sequence[Change], number: int, answers: Iterable[Answered]) -> float | None:
    """Seconds from the change to the last answer by what stood there before it; None for a change of nobody's
    answer."""
    change, before = changes[number], changes[number - 1].live
    until = changes[number + 1].at if number + 1 < len(changes) else float("inf")
    told = [
        (answer, version_for(before, answer.entity))
        for answer in answers
        if change.at <= answer.asked < until
        and version_for(before, answer.entity) != version_for(change.live, answer.entity)
    ]
    if not told:
        return None
    return max((a.asked - change.at for a, old in told if a.version == old), default=0.0)


def wrong_because(
    answer: Answered, said: Mapping[str, Sequence[Said]], changes: Sequence[Change], most_seconds: float
) -> str | None:
    """Why an answer cannot be of one whole model, the one that its customer falls to; None when it can.

    It says what the version that it names says of this ticket, and rollout.json gave the customer to that
    version in the `most_seconds` before.
    """
    if answer.version not in said:
        return f"the version {answer.version}, which is none"
    own = said[answer.version][answer.ticket]
    if answer.outcome != own.outcome or abs(answer.confidence - own.confidence) > SAME:
        return f"{answer.outcome} {answer.confidence:.4f} by {answer.version}, which says {own}"
    begins = [change.at for change in changes[1:]] + [float("inf")]
    lately = [
        version_for(change.live, answer.entity)
        for change, end in zip(changes, begins, strict=True)
        if change.at <= answer.at and end >= answer.asked - most_seconds
    ]
    return None if answer.version in lately else f"{answer.version}, though it was {lately}'s turn"


def without_a_model(answer: Answered) -> bool:
    """Whether rules answered, or something was missing: a model, or the log."""
    return answer.source != "model" or bool(answer.degraded) or answer.variant == "none"
