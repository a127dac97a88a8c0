"""Rows of a data set as a text model's inputs, by the functions that serving uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from lambdas.core.ngrams import BUCKETS, grams, words_of
from model_build.dataset import Batch

CHARACTERS_AT_ONCE: Final = 500_000
"""Bounds the memory of making n-grams, which takes some 200 bytes a character for a moment."""

Item = TypeVar("Item")


class Reader(Protocol[Item]):
    """How a service's rows become what the model sees. Kept in the fitted model, so it can be pickled."""

    @property
    def name(self) -> str:
        """What the rows are: names the graph and its first dimension."""

    def items(self, batch: Batch) -> list[Item]:
        """The rows of `batch` as the service holds them."""

    def texts(self, items: Sequence[Item]) -> list[str]:
        """The text that n-grams and encoder read of each."""

    def handmade(self, items: Sequence[Item], spoken: Sequence[list[str]]) -> npt.NDArray[np.float32]:
        """The hand-made features, [items, features]; `spoken` are the words of their texts."""


class Inputs(NamedTuple):
    """counts: n-gram counts, sparse [rows, BUCKETS]; features: hand-made, [rows, features], NaN unknown."""

    counts: sp.csr_matrix
    features: npt.NDArray[np.float32]


def inputs_of(items: Sequence[Item], reader: Reader[Item]) -> Inputs:
    """The inputs of `items`."""
    texts = reader.texts(items)
    parts = [_inputs(items[start:stop], texts[start:stop], reader) for start, stop in _portions(texts)]
    if len(parts) == 1:
        return parts[0]
    counts = sp.vstack([part.counts for part in parts], format="csr")
    return Inputs(counts, np.vstack([part.features for part in parts]))


def read(batch: Batch, reader: Reader[Any]) -> Inputs:
    """The inputs of the rows of `batch`."""
    return inputs_of(reader.items(batch), reader)


def _inputs(items: Sequence[Item], texts: Sequence[str], reader: Reader[Item]) -> Inputs:
    spoken = [words_of(text) for text in texts]
    found = grams(texts, spoken)
    counts = sp.csr_matrix(
        (found.counts, (found.rows, found.buckets)), shape=(len(texts), BUCKETS), dtype=np.float32
    )
    return Inputs(counts, reader.handmade(items, spoken))


def _portions(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Consecutive texts of about CHARACTERS_AT_ONCE together, as (start, stop); at least one portion."""
    portions, start, size = [], 0, 0
    for place, text in enumerate(texts):
        if place > start and size + len(text) > CHARACTERS_AT_ONCE:
            portions.append((start, place))
            start, size = place, 0
        size += len(text)
    return [*portions, (start, len(texts))]
