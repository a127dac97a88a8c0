"""Concept drift: once people have said what the items were, are more decisions wrong than their confidence
says?

People label what was unclear, what was sampled, and what somebody complained of: what is labelled is a picked
part. So a labelled decision is compared with others of its confidence, and what the picking does to them is
learned from the first labels of a bundle, as a shift of the odds. From then on each label is a bet against
"as before".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.drift.reference import CONFIDENCE_BINS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TIMES: Final = (1.5, 2.0, 4.0)
"""The changes that are bet on: so many times the odds of an error, of all labelled decisions, and once more
of the clear ones alone. There are few labels of these, and what people look at anyway would drown them."""
BETS: Final = 2 * len(TIMES)
OWN_ERRORS: Final = 20
"""Errors of clear decisions from which on these may have a higher offset of their own."""
LEARN_ERRORS: Final = 30
"""Errors that teach what is usual, and windows, of which the latter may be more when errors are rare."""
LEARN_WINDOWS: Final = 7
MOST_LEARN_WINDOWS: Final = 14
REFINE_WINDOWS: Final = 30
"""Up to so many windows what is usual is learned further, as long as nothing speaks against it (an evidence
below 1): the allowance for what few errors teach shrinks with them."""
NOTHING: Final = -700.0
"""The logarithm of no evidence."""
_UPPER: Final = 1.6448536269514722
_MOST: Final = 10.0
"""How far above its bound the evidence is let grow, so that it can also shrink again."""


class LabelWatch(msgspec.Struct, frozen=True):
    """What labels have said of a bundle.

    `offset` is learned from `learned`, the labels and the errors among them by confidence, [4, 20]: of all
    decisions, then of the clear ones. It is the log odds that are added to those of the test split, for all
    and for the clear ones; None until it is known. `evidence` are the logarithms of the bets, `labelled`,
    `errors` and `expected` all labels since.
    """

    windows: int = 0
    learned: list[list[int]] = msgspec.field(default_factory=lambda: [[0] * CONFIDENCE_BINS] * 4)
    offset: list[float] | None = None
    evidence: list[float] = msgspec.field(default_factory=lambda: [NOTHING] * BETS)
    labelled: int = 0
    errors: int = 0
    expected: float = 0.0
    on: bool = False


@dataclass(frozen=True)
class Told:
    """The labels of a window, a row each: the bin of the decision's confidence, whether it was wrong, whether
    it was for people, and whose it is."""

    codes: Ints
    wrong: Bools
    review: Bools
    entity: npt.NDArray[np.uint64]


def watch(before: LabelWatch, told: Told, shares: Floats, windows_between: float) -> LabelWatch:
    """`before` with one more window's labels; `shares` [20] are the errors that the test split promises.

    The evidence is a Shiryaev-Roberts e-detector (Shin, Ramdas and Rinaldo 2022): M <- (M + 1) L with L the
    likelihood ratio of the window's labels, for each bet, and their mean. While nothing has changed E[L] <=
    1, so the mean time to a false alarm at M >= `windows_between` is at least that many windows, however
    often one looks. The labels of one entity in a window enter with the power 1 / their number: a geometric
    mean is at most the arithmetic one, so the bound holds however alike they are.
    """
    if not len(told.codes):
        return before
    if before.offset is None:
        return _learn(before, told, shares)
    _, owner, sizes = np.unique(told.entity, return_inverse=True, return_counts=True)
    power = np.where(told.entity == 0, 1.0, 1.0 / sizes[owner])
    most, bets = math.log(_MOST * windows_between), []
    usual = [_usual(offset, shares)[told.codes] for offset in before.offset]
    for number, known in enumerate(before.evidence):
        times, clear = TIMES[number % len(TIMES)], number >= len(TIMES)
        gain = np.where(told.wrong, math.log(times), 0.0) - np.log1p(usual[clear] * (times - 1.0))
        step = float((power * gain)[~told.review if clear else slice(None)].sum())
        bets.append(min(float(np.logaddexp(known, 0.0)) + step, most))
    after = msgspec.structs.replace(
        before,
        windows=before.windows + 1,
        evidence=bets,
        labelled=before.labelled + len(told.codes),
        errors=before.errors + int(told.wrong.sum()),
        expected=before.expected + float(usual[0].sum()),
    )
    on = evidence(after) >= (1.0 if before.on else windows_between)
    if before.windows < REFINE_WINDOWS and evidence(before) < 1.0:
        # Whether a window teaches is said before it is seen, so what is learned stays fair.
        learned = _with(before, told)
        offset = _offsets(np.array(learned, np.float64), shares)
        after = msgspec.structs.replace(after, learned=learned, offset=offset)
    return msgspec.structs.replace(after, on=on)


def evidence(known: LabelWatch) -> float:
    """How strongly labels speak against "as before": the mean of the bets."""
    return math.exp(float(np.logaddexp.reduce(known.evidence)) - math.log(BETS))


def usual_errors(known: LabelWatch, shares: Floats) -> Floats | None:
    """How often a labelled decision of each confidence is usually wrong [20]; None while that is learned."""
    return None if known.offset is None else _usual(known.offset[0], shares)


def _learn(before: LabelWatch, told: Told, shares: Floats) -> LabelWatch:
    """`before` with labels to learn from; the offset once they are enough."""
    learned = _with(before, told)
    windows, errors = before.windows + 1, sum(learned[1])
    done = windows >= (LEARN_WINDOWS if errors >= LEARN_ERRORS else MOST_LEARN_WINDOWS) and errors > 0
    return msgspec.structs.replace(
        before,
        windows=windows,
        learned=learned,
        offset=_offsets(np.array(learned, np.float64), shares) if done else None,
    )


def _with(before: LabelWatch, told: Told) -> list[list[int]]:
    """`learned` with the labels of one more window."""
    parts = [np.ones(len(told.codes), np.bool_), told.wrong, ~told.review, told.wrong & ~told.review]
    counts = [np.bincount(told.codes[part], minlength=CONFIDENCE_BINS) for part in parts]
    found: list[list[int]] = (np.array(before.learned) + counts).tolist()
    return found


def _offsets(learned: Floats, shares: Floats) -> list[float]:
    """For all and for the clear ones the log odds to add, and for all 1.64 standard errors more: what was
    learned from few must not make the later ones look bad."""
    base = np.log(shares / (1.0 - shares))
    every = _offset(learned[0], float(learned[1].sum()), base)
    chance = 1.0 / (1.0 + np.exp(-(base + every)))
    every += _UPPER / math.sqrt(max(float(learned[0] @ (chance * (1.0 - chance))), 1.0))
    own = float(learned[3].sum())
    return [every, max(every, _offset(learned[2], own, base)) if own >= OWN_ERRORS else every]


def _offset(labels: Floats, errors: float, base: Floats) -> float:
    """The log odds to add to `base` [20] so that `errors` are expected of `labels` [20]."""
    low, high = -12.0, 12.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = float(labels @ (1.0 / (1.0 + np.exp(-(base + middle)))))
        low, high = (middle, high) if expected < errors else (low, middle)
    return low


def _usual(offset: float, shares: Floats) -> Floats:
    odds = shares / (1.0 - shares) * math.exp(offset)
    return np.asarray(odds / (1.0 + odds))
