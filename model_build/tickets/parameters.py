"""The section `model` of the ticket service's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from model_build.errors import ParametersError

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class ModelParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What decides how the ticket model is trained.

    encoder: `use`, `minilm` or `hf:...`, whose embedding is blended with the n-grams; null for none.
    ngrams: false for the encoder alone. most_terms: how many n-grams are kept, those in most rows first;
    least_rows: in how many rows one must stand. most_weights: bounds terms times classes, and so the
    size of the graph (4 bytes each). feature_weight: how much the hand-made features count beside the
    text. class_weights: how much a ticket of a class counts in training, by head and class, 1 where
    nothing is said: what a ticket of the class costs when it is missed, against the others.

    The exact solver is used while n-grams in all rows are at most exact_entries, and that times the
    classes at most exact_work; the streaming one otherwise. regularisation: the exact solver's
    candidates for C; steps: the streaming solver's for its step. iterations: the exact solver stops
    there at the latest. visits: the streaming solver passes over the rows until it has looked at so
    many, and at each row once. embedding_*: the same for the embedding: C, how many rows it is fitted
    on, and the candidates for what its scores count beside those of the n-grams.

    selection_rows and selection_work bound cross-validation: rows, and rows times n-grams times classes.
    """

    encoder: str | None = None
    ngrams: bool = True
    most_terms: Count = 80_000
    least_rows: Count = 2
    most_weights: Count = 6_000_000
    feature_weight: Positive = 0.1
    class_weights: dict[str, dict[str, Positive]] = {}
    exact_entries: Positive = 4e7
    exact_work: Positive = 1e9
    regularisation: tuple[Positive, ...] = (0.3, 1.0, 3.0, 10.0)
    iterations: Count = 50
    steps: tuple[Positive, ...] = (0.3, 1.0, 3.0)
    visits: Count = 500_000
    embedding_regularisation: Positive = 10.0
    embedding_rows: Count = 20_000
    embedding_weights: tuple[Positive, ...] = (0.25, 0.5, 1.0, 2.0)
    selection_rows: Count = 6_000
    selection_work: Positive = 4e7


def read_parameters(model: Mapping[str, Any]) -> ModelParameters:
    """`model` as ModelParameters; raises ParametersError naming the key."""
    try:
        found = msgspec.convert(dict(model), ModelParameters)
    except msgspec.ValidationError as error:
        raise ParametersError(f"params.yaml, section model: {error}") from error
    if not found.regularisation or not found.steps or not found.embedding_weights:
        raise ParametersError("params.yaml, section model: a list of candidates is empty: name at least one")
    if not found.ngrams and found.encoder is None:
        raise ParametersError("params.yaml, section model: without n-grams there must be an encoder")
    return found
