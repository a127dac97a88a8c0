"""An encoder beside the n-grams: a logistic regression on the embedding, its scores added to theirs.

Fitted apart, each with its own regularisation, the two score better than one model on both side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, overload

import numpy as np

from model_build.dataset import Batch
from model_build.text.inputs import Reader
from model_build.text.parameters import ModelParameters
from model_build.text.solvers import Exact, logistic
from model_build.text.weights import Floats, Ints

ITERATIONS: Final = 300


class Candidate(NamedTuple):
    """A regularisation of the n-grams' solver, and what the embedding's scores count beside its own."""

    c: float
    embedding: float = 0.0

    def __str__(self) -> str:
        return f"C={self.c:g}, embedding x {self.embedding:g}" if self.embedding else f"C={self.c:g}"


def candidates(parameters: ModelParameters) -> list[Candidate]:
    """What cross-validation chooses from."""
    weights = parameters.embedding_weights if parameters.encoder else (0.0,)
    return [Candidate(c, weight) for c in parameters.regularisation for weight in weights]


@overload
def embed(encoder: None, batches: Sequence[Batch], reader: Reader[Any]) -> None: ...
@overload
def embed(encoder: str, batches: Sequence[Batch], reader: Reader[Any]) -> Floats: ...
@overload
def embed(encoder: str | None, batches: Sequence[Batch], reader: Reader[Any]) -> Floats | None: ...
def embed(encoder: str | None, batches: Sequence[Batch], reader: Reader[Any]) -> Floats | None:
    """The embedding of every row of `batches`, [rows, dimension]; None without an encoder."""
    if encoder is None:
        return None
    from model_build.encoders.base import shared

    texts = [text for batch in batches for text in reader.texts(reader.items(batch))]
    return shared(encoder).embed(texts)


def fit_embedding(
    embedded: Floats,
    labels: Ints,
    weights: Mapping[int, float],
    parameters: ModelParameters,
    rows: Floats | None = None,
) -> Exact:
    """The logistic regression on the embedding, [rows, dimension]; `rows` are weights by row."""
    return logistic(
        embedded.astype(np.float64),
        labels,
        len(weights),
        c=parameters.embedding_regularisation,
        weights=weights,
        iterations=ITERATIONS,
        rows=rows,
    )
