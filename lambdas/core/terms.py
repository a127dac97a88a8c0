"""Which words of a text counted most for the winning label."""

from __future__ import annotations

from itertools import pairwise
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from lambdas.core.ngrams import Grams
from lambdas.core.schema import Term

TOP = 5


def top_terms(grams: Grams, contributions: npt.NDArray[np.float32], rows: int) -> list[list[Term]]:
    """The TOP words of each of the `rows` texts by what they added to the winning logit.

    `contributions` is one value an entry of `grams`. An entry's value is shared out evenly over its
    occurrences and each occurrence counts for the word it starts in; a word's occurrences add up.
    """
    shares = contributions / np.maximum(grams.counts, 1.0)
    weights = np.bincount(
        grams.occurrence_words, weights=shares[grams.occurrence_entries], minlength=len(grams.words)
    )
    bounds = np.searchsorted(grams.word_rows, np.arange(rows + 1)).tolist()
    values: list[float] = weights.tolist()
    return [_top(grams.words[a:b], values[a:b]) for a, b in pairwise(bounds)]


def _top(words: list[str], weights: list[float]) -> list[Term]:
    totals: dict[str, float] = {}
    for word, weight in zip(words, weights, strict=True):
        totals[word] = totals.get(word, 0.0) + weight
    best = sorted(totals.items(), key=itemgetter(1), reverse=True)[:TOP]
    return [Term(word, round(weight, 4)) for word, weight in best if weight > 0.0]
