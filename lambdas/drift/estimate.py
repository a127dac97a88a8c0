"""How good the decisions are while nobody has said so yet: from how sure they are of themselves."""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.drift.entities import Entities
from lambdas.drift.reference import CONFIDENCE_BINS, Decided

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_Z: Final = 1.959963984540054
_FEW: Final = 1e9
"""Stands for "as many as you like" where a share is taken as known."""


class Estimate(msgspec.Struct, frozen=True):
    """An accuracy, 0 to 1, with its 95 % interval, of `n` decisions."""

    value: float
    low: float
    high: float
    n: int


class Errors(msgspec.Struct, frozen=True):
    """How often a decision of each confidence is wrong [20], and from how many test rows that is known."""

    shares: list[float]
    rows: list[float]


def errors_of(decided: Decided | None) -> Errors:
    """By the test split, where the bundle says it and has rows of that confidence; otherwise the confidence
    is taken at its word, as calibrated ones may be."""
    middles = (np.arange(CONFIDENCE_BINS) + 0.5) / CONFIDENCE_BINS
    shares, rows = 1.0 - middles, np.full(CONFIDENCE_BINS, _FEW)
    if decided is not None:
        claimed, right = np.array(decided.claimed, np.float64), np.array(decided.right, np.float64)
        known = claimed > 0
        # As if two more had been seen of which one confirms the confidence: no share is 0 or 1 by luck.
        smooth = (claimed - right + 2 * shares) / (claimed + 2)
        shares, rows = np.where(known, smooth, shares), np.where(known, claimed + 2, 2.0)
    return Errors(shares.tolist(), rows.tolist())


def expected_accuracy(
    codes: Ints, claimed: npt.NDArray[np.bool_], entities: Entities, by: Errors
) -> Estimate | None:
    """The expected share of right decisions among those that claim something; None when none does.

    Confidence-based performance estimation: the mean, over the decisions, of the probability that one of its
    confidence is right. It holds while a confidence means what it meant on the test split, so under covariate
    shift of a calibrated model, and not under concept shift; that is what labels are for. `codes` are the
    bins of the confidences. The interval has the test split's sampling error, that of the decisions by
    entity, and the luck of the single decisions.
    """
    n = int(claimed.sum())
    if not n:
        return None
    shares, rows = np.array(by.shares), np.array(by.rows)
    weights = np.bincount(codes[claimed], minlength=CONFIDENCE_BINS) / n
    error = float(weights @ shares)
    tally = entities.tally(np.where(claimed, codes, CONFIDENCE_BINS), CONFIDENCE_BINS + 1)
    independent = max(1.0, min(tally.effective * n / len(codes), n))
    luck = float(weights @ (shares * (1.0 - shares))) / independent
    drawn = float(weights @ (shares - error) ** 2) / independent
    learned = float((weights**2 * shares * (1.0 - shares) / rows).sum())
    half = _Z * math.sqrt(luck + drawn + learned)
    return Estimate(1.0 - error, max(0.0, 1.0 - error - half), min(1.0, 1.0 - error + half), n)
