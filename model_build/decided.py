"""What the policy does with rows whose truth is known: what drift of decisions and errors is measured
against."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lambdas.drift.reference import CONFIDENCE_BINS, Decided

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]


class Decisions(NamedTuple):
    """One decision a row, as the served policy makes it: the place in `outcomes`, whether people look, how
    sure it is, whether it says what the row is (`claimed`; a review alone does not), and whether that is
    true."""

    outcomes: tuple[str, ...]
    outcome: npt.NDArray[np.int64]
    review: Bools
    confidence: Floats
    claimed: Bools
    right: Bools


def counted(found: Decisions) -> Decided:
    """The counts of `found`."""
    bins = confidence_bins(found.confidence)
    by_outcome = np.bincount(found.outcome, minlength=len(found.outcomes)).tolist()
    return Decided(
        rows=len(found.outcome),
        outcomes=dict(zip(found.outcomes, by_outcome, strict=True)),
        review=int(found.review.sum()),
        confidence=_by(bins),
        claimed=_by(bins[found.claimed]),
        right=_by(bins[found.claimed & found.right]),
    )


def confidence_bins(confidence: Floats) -> npt.NDArray[np.int64]:
    """The bin of each confidence."""
    return np.minimum((confidence * CONFIDENCE_BINS).astype(np.int64), CONFIDENCE_BINS - 1)


def _by(bins: npt.NDArray[np.int64]) -> list[int]:
    counts: list[int] = np.bincount(bins, minlength=CONFIDENCE_BINS).tolist()
    return counts
