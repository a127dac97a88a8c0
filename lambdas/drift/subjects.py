"""All that is watched of a window: inputs, segments, and what was decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from lambdas.drift.bins import Codes, Expected, of_confidence, of_distribution, of_shares
from lambdas.drift.compare import Measure
from lambdas.drift.reference import CONFIDENCE_BINS, HeadReference, Reference
from lambdas.observations.window import Column, Window

Kind = Literal["feature", "segment", "decision"]
MOST_WORDS: Final = 30
"""A segment with more different values is a name or a number, and no segment."""
WHOLE_WEEK: Final = 7 * 86_400.0 - 3_600.0
"""Seconds from which on a window has every hour of the day and every weekday."""


@dataclass(frozen=True)
class Subject:
    """`training` is what to expect; None where the bundle does not say, then `words` are what there is to
    count.

    `codes` gives the bin of each row of the window. `moves`: training knows that it moves by itself.
    """

    name: str
    kind: Kind
    measure: Measure
    training: Expected | None
    codes: Callable[[Expected], Codes]
    words: Column | None = None
    moves: bool = False


@dataclass(frozen=True)
class Skipped:
    """What is not looked at, and why."""

    name: str
    why: str


def subjects(window: Window, reference: Reference, head: HeadReference | None) -> Iterator[Subject | Skipped]:
    """In the order in which they are told; `head` is the deciding one."""
    long = len(window) and window.at[-1] - window.at[0] >= WHOLE_WEEK
    for place, name in enumerate(window.names):
        found = reference.features.get(name) or reference.text.get(name)
        training = of_distribution(found, reference.rows) if found else None
        if name in reference.calendar and not long:
            yield Skipped(name, "it follows the calendar: looked at in windows of a week")
        elif training is None:
            yield Skipped(name, "the bundle's reference.json does not know it")
        else:
            yield Subject(
                name, "feature", "psi", training, _numbers(window, place), moves=name in reference.moving
            )
    for name, column in window.segments.items():
        if len(column.words) > MOST_WORDS:
            yield Skipped(name, f"it has more than {MOST_WORDS} values")
            continue
        known = name == "language" and any(word for word in reference.languages if word)
        told = of_shares(reference.languages, reference.rows) if known else None
        yield Subject(f"segment {name}", "segment", "h", told, _words(column), words=column)
    yield from _decisions(window, reference, head)


def _decisions(window: Window, reference: Reference, head: HeadReference | None) -> Iterator[Subject]:
    """The outcomes, the share for people, and the confidences.

    Bundles made before `decisions` was in reference.json say them only where outcomes are the head's classes.
    """
    decided, same = reference.decisions, head is not None and set(window.outcome.words) <= set(head.classes)
    outcomes = review = confidence = None
    if decided is not None:
        outcomes = of_shares({k: float(v) for k, v in decided.outcomes.items()}, decided.rows)
        review = of_shares({"yes": decided.review, "no": decided.rows - decided.review}, decided.rows)
        confidence = of_confidence(decided.confidence)
    elif head is not None and same:
        shares = dict(zip(head.classes, head.predicted, strict=True))
        outcomes, confidence = of_shares(shares, sum(head.confidence)), of_confidence(head.confidence)
    asked = Column(("no", "yes"), window.review.astype(np.int32))
    yield Subject("outcome", "decision", "h", outcomes, _words(window.outcome), words=window.outcome)
    yield Subject("review", "decision", "h", review, _words(asked), words=asked)
    own = confidence is None
    yield Subject(
        "confidence", "decision", "psi", confidence or of_confidence([1.0] * CONFIDENCE_BINS),
        lambda bins: bins.codes(window.confidence), moves=own,
    )  # fmt: skip


def _numbers(window: Window, place: int) -> Callable[[Expected], Codes]:
    return lambda bins: bins.codes(window.features[:, place])


def _words(column: Column) -> Callable[[Expected], Codes]:
    return lambda bins: bins.word_codes(column)
