"""What is expected, and into which of its bins a value of today falls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from lambdas.drift.reference import CONFIDENCE_BINS, Distribution
from lambdas.observations.window import Column

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int16]

OTHER: Final = "other"
MISSING: Final = "missing"


@dataclass(frozen=True)
class Expected:
    """Shares [bins] worth `effective` independent rows; `names` says what the bins are.

    The two last bins are what nobody saw in training, and what is missing. `values` or `edges` are those of
    the numbers, both empty for words. `std` is 0 where there is none; `least` and `most` bound what was seen.
    """

    names: tuple[str, ...]
    shares: Floats
    effective: float
    values: Floats
    edges: Floats
    mean: float = 0.0
    std: float = 0.0
    least: float = 0.0
    most: float = 0.0

    @property
    def counts(self) -> Floats:
        """What so many independent rows would have been counted as."""
        return self.shares * self.effective

    def places(self) -> Floats:
        """Where on the number line the bins are: points for `values`, the ends of the bins for `edges`."""
        if len(self.values):
            return self.values
        edges = self.edges
        # Rows of an outer bin lie near its edge; spread up to the farthest one they would move too far.
        first, last = (
            (2 * (edges[1] - edges[0]), 2 * (edges[-1] - edges[-2])) if len(edges) > 1 else (1.0, 1.0)
        )
        low, high = max(self.least, edges[0] - first), min(self.most, edges[-1] + last)
        return np.concatenate([[min(low, edges[0])], edges, [max(high, edges[-1])]])

    def codes(self, numbers: npt.NDArray[np.floating]) -> Codes:
        """The bin of each number, NaN being missing."""
        given = numbers.astype(np.float64)
        edges = self.edges if len(self.edges) else (self.values[1:] + self.values[:-1]) / 2
        found = np.zeros(len(given), np.int16)
        # For so few edges this is four times as fast as a binary search for each number.
        for edge in edges:
            found += given >= edge
        if not len(self.edges):
            strange = np.abs(given - self.values[found]) > 1e-5 * np.maximum(1.0, np.abs(given))
            found[strange] = len(self.names) - 2
        found[np.isnan(given)] = len(self.names) - 1
        return found

    def word_codes(self, column: Column) -> Codes:
        """The bin of each word, none being missing."""
        places = {name: k for k, name in enumerate(self.names[:-2])}
        table = np.array(
            [*(places.get(word, len(self.names) - 2) for word in column.words), len(self.names) - 1]
        )
        return table.astype(np.int16)[column.codes]


def of_distribution(found: Distribution, rows: int) -> Expected | None:
    """What training says of a number, from `rows` rows; None where it never knew it."""
    if not found.counts:
        return None
    known = np.array([*found.counts, 0.0], np.float64)
    shares = np.r_[known / known.sum() * (1.0 - found.missing), found.missing]
    values, edges = np.array(found.values, np.float64), np.array(found.edges, np.float64)
    names = [f"{value:g}" for value in found.values] if found.values else _spans(found.edges)
    return Expected(
        names=(*names, OTHER, MISSING),
        shares=shares,
        effective=float(found.effective or rows),
        values=values,
        edges=edges,
        mean=found.mean,
        std=found.std,
        least=found.least,
        most=found.most,
    )


def of_shares(shares: Mapping[str, float], effective: float) -> Expected:
    """What is said of words; the empty word is a missing one. `shares` may be counts."""
    words = [word for word in shares if word and word not in {OTHER, MISSING}]
    listed = np.array([*(shares[word] for word in words), shares.get(OTHER, 0.0), 0.0], np.float64)
    listed[-1] = shares.get("", 0.0) + shares.get(MISSING, 0.0)
    none = np.empty(0)
    return Expected((*words, OTHER, MISSING), listed / max(listed.sum(), 1e-12), effective, none, none)


def of_confidence(counts: Sequence[float], effective: float | None = None) -> Expected:
    """What is said of confidences: counts in bins of equal width over 0 to 1."""
    known: Floats = np.array([*counts, 0.0, 0.0], np.float64)
    edges = np.arange(1, CONFIDENCE_BINS) / CONFIDENCE_BINS
    middles = (np.arange(CONFIDENCE_BINS) + 0.5) / CONFIDENCE_BINS
    total = max(float(known.sum()), 1e-12)
    mean = float(known[:-2] @ middles) / total
    return Expected(
        names=(*_spans(edges.tolist()), OTHER, MISSING),
        shares=known / total,
        effective=float(known.sum()) if effective is None else effective,
        values=np.empty(0),
        edges=edges,
        mean=mean,
        std=float(math.sqrt(float(known[:-2] @ (middles - mean) ** 2) / total)),
        least=0.0,
        most=1.0,
    )


def confidence_codes(confidence: Floats) -> Ints:
    """The bin of each confidence, as training counts them."""
    return np.clip((confidence * CONFIDENCE_BINS).astype(np.int64), 0, CONFIDENCE_BINS - 1)


def _spans(edges: Sequence[float]) -> list[str]:
    if not edges:
        return ["any"]
    inner = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return [f"under {edges[0]:g}", *inner, f"{edges[-1]:g} and more"]
