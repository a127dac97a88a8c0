"""A text model as numbers: what training finds, and the score it stands for.

A text is a bag of hashed n-grams. Those that training kept get (1 + ln count) * idf; words and
characters are each scaled to length 1 (as in a union of two TF-IDF vectorisers). The hand-made features
are imputed by the median and standardised. Every head is linear in all of that, and in the encoder's
embedding where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from lambdas.core.ngrams import BUCKETS, WORD_BUCKETS

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Terms:
    """The kept n-grams: `buckets` [terms], ascending, and their `idf` [terms]."""

    buckets: Ints
    idf: Floats

    @property
    def words(self) -> int:
        """How many of the terms are words or word pairs; they come first."""
        return int(np.searchsorted(self.buckets, WORD_BUCKETS))

    def values(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        """TF-IDF of `counts` [rows, BUCKETS], each kind of n-gram of length 1: [rows, terms]."""
        column = np.full(BUCKETS, -1, dtype=np.int64)
        column[self.buckets] = np.arange(len(self.buckets))
        columns = column[counts.indices]
        known = columns >= 0
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))[known]
        columns = columns[known]
        values = (1.0 + np.log(counts.data[known].astype(np.float64))) * self.idf[columns]
        slots = 2 * rows + (columns < self.words)
        lengths = np.sqrt(np.bincount(slots, weights=values**2, minlength=2 * counts.shape[0]))
        scaled = values / lengths[slots]
        return sp.csr_matrix((scaled, (rows, columns)), shape=(counts.shape[0], len(self.buckets)))


@dataclass(frozen=True)
class Scaling:
    """How the hand-made features are imputed and standardised; all [features]."""

    medians: Floats
    means: Floats
    scales: Floats

    def apply(self, features: Floats) -> Floats:
        """`features` [rows, features] with NaN replaced, mean 0 and deviation 1 on the training rows."""
        filled = np.where(np.isnan(features), self.medians, features.astype(np.float64))
        scaled: Floats = (filled - self.means) / self.scales
        return scaled


def fit_scaling(features: Floats) -> Scaling:
    """The Scaling of the training rows; a column that never says anything is imputed by 0."""
    known = features.astype(np.float64)
    empty = np.isnan(known).all(axis=0)
    known[:, empty] = 0.0
    medians = np.nanmedian(known, axis=0)
    filled = np.where(np.isnan(known), medians, known)
    scales = filled.std(axis=0)
    return Scaling(medians, filled.mean(axis=0), np.where(scales < 1e-9, 1.0, scales))


@dataclass(frozen=True)
class Linear:
    """One head: terms [terms, classes], features [features, classes], bias [classes].

    `embedding` [dimension, classes] is there only with an encoder.
    """

    terms: Floats
    features: Floats
    bias: Floats
    embedding: Floats | None = None

    def logits(self, values: sp.csr_matrix, scaled: Floats, embedded: Floats | None) -> Floats:
        """Scores [rows, classes]."""
        scores: Floats = values @ self.terms + scaled @ self.features + self.bias
        if self.embedding is not None and embedded is not None:
            scores = scores + embedded.astype(np.float64) @ self.embedding
        return scores
