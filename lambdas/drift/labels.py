"""Concept drift: once people have said what the items were, are more decisions wrong than their confidence
says?

People label what was unclear, what was sampled, and what somebody complained of: what is labelled is a picked
part. So a labelled decision is compared with others of its confidence, and what the picking does to them is
learned from the first labels of a bundle, as a shift of the odds. From then on each label is a bet against
"as before".
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.drift.reference import CONFIDENCE_BINS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TIMES: Final = (1.5, 2.0, 4.0)
"""The changes that are bet on: so many times the odds of an error."""
LEARN_ERRORS: Final = 30
"""Errors that teach what is usual, and windows, of which the latter may be more when errors are rare."""
LEARN_WINDOWS: Final = 3
MOST_LEARN_WINDOWS: Final = 30
NOTHING: Final = -700.0
"""The logarithm of no evidence."""
_UPPER: Final = 1.6448536269514722
_MOST: Final = 10.0
"""How far above its bound the evidence is let grow, so that it can also shrink again."""


class LabelWatch(msgspec.Struct, frozen=True):
    """What labels have said of a bundle. `labels` and `wrong` [20], by confidence, are what is learned from
    until `offset` is known: the log odds that are added to those of the test split. `evidence` are the
    logarithms of the bets, `labelled`, `errors` and `expected` all since then."""

    windows: int = 0
    labels: list[int] = msgspec.field(default_factory=lambda: [0] * CONFIDENCE_BINS)
    wrong: list[int] = msgspec.field(default_factory=lambda: [0] * CONFIDENCE_BINS)
    offset: float | None = None
    evidence: list[float] = msgspec.field(default_factory=lambda: [NOTHING] * len(TIMES))
    labelled: int = 0
    errors: int = 0
    expected: float = 0.0
    on: bool = False


def watch(
    before: LabelWatch,
    codes: Ints,
    wrong: npt.NDArray[np.bool_],
    entity: npt.NDArray[np.uint64],
    shares: Floats,
    windows_between: float,
) -> LabelWatch:
    """`before` with one more window's labels: their confidences' bins, which are wrong, and whose they are.

    `shares` [20] are the errors that the test split promises. The evidence is a Shiryaev-Roberts e-detector
    (Shin, Ramdas and Rinaldo 2022): M <- (M + 1) L with L the likelihood ratio of the window's labels. While
    nothing has changed E[L] <= 1, so the mean time to a false alarm at M >= `windows_between` is at least
    that many windows, however often one looks. The labels of one entity in a window enter with the power 1 /
    their number: a geometric mean is at most the arithmetic one, so the bound holds however alike they are.
    """
    if not len(codes):
        return before
    if before.offset is None:
        return _learned(before, codes, wrong, shares)
    usual = _usual(before.offset, shares)[codes]
    _, owner, sizes = np.unique(entity, return_inverse=True, return_counts=True)
    power = np.where(entity == 0, 1.0, 1.0 / sizes[owner])
    bets: list[float] = []
    for known, times in zip(before.evidence, TIMES, strict=True):
        gain = np.where(wrong, math.log(times), 0.0) - np.log1p(usual * (times - 1.0))
        bets.append(min(np.logaddexp(known, 0.0) + float(power @ gain), math.log(_MOST * windows_between)))
    after = msgspec.structs.replace(
        before,
        windows=before.windows + 1,
        evidence=[float(each) for each in bets],
        labelled=before.labelled + len(codes),
        errors=before.errors + int(wrong.sum()),
        expected=before.expected + float(usual.sum()),
    )
    on = evidence(after) >= (1.0 if before.on else windows_between)
    return msgspec.structs.replace(after, on=on)


def evidence(known: LabelWatch) -> float:
    """How strongly labels speak against "as before": the mean of the bets."""
    return math.exp(float(np.logaddexp.reduce(known.evidence)) - math.log(len(TIMES)))


def usual_errors(known: LabelWatch, shares: Floats) -> Floats | None:
    """How often a labelled decision of each confidence is usually wrong [20]; None while that is learned."""
    return None if known.offset is None else _usual(known.offset, shares)


def _usual(offset: float, shares: Floats) -> Floats:
    odds = shares / (1.0 - shares) * math.exp(offset)
    return np.asarray(odds / (1.0 + odds))


def _learned(before: LabelWatch, codes: Ints, wrong: npt.NDArray[np.bool_], shares: Floats) -> LabelWatch:
    """`before` with labels to learn from; the offset once they are enough."""
    labels = np.array(before.labels) + np.bincount(codes, minlength=CONFIDENCE_BINS)
    errors = np.array(before.wrong) + np.bincount(codes[wrong], minlength=CONFIDENCE_BINS)
    windows = before.windows + 1
    enough = windows >= LEARN_WINDOWS and errors.sum() >= LEARN_ERRORS
    done = enough or (windows >= MOST_LEARN_WINDOWS and errors.sum() > 0)
    return msgspec.structs.replace(
        before,
        windows=windows,
        labels=labels.tolist(),
        wrong=errors.tolist(),
        offset=_offset(labels.astype(np.float64), float(errors.sum()), shares) if done else None,
    )


def _offset(labels: Floats, errors: float, shares: Floats) -> float:
    """The log odds to add so that `errors` are expected, and 1.64 standard errors more: what was learned from
    few must not make the later ones look bad."""
    low, high = -12.0, 12.0
    base = np.log(shares / (1.0 - shares))
    for _ in range(60):
        middle = (low + high) / 2
        expected = float(labels @ (1.0 / (1.0 + np.exp(-(base + middle)))))
        low, high = (middle, high) if expected < errors else (low, middle)
    chance = 1.0 / (1.0 + np.exp(-(base + low)))
    return low + _UPPER / math.sqrt(max(float(labels @ (chance * (1.0 - chance))), 1.0))
