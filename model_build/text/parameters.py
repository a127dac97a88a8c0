"""The section `model` of the parameters of a service that reads text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from model_build.errors import ParametersError

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class ModelParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What decides how a text model is trained.

    most_terms: how many n-grams are kept, those in most rows first. least_rows: in how many rows an n-gram
    must stand. most_weights: bounds n-grams times classes, and so the graph, at 4 bytes each.
    feature_weight: how much the hand-made features count against the text. class_weights: by head and
    class, 1 where nothing is said: what it costs to miss a row of the class, against the others.

    rows_in_memory, entries_in_memory: up to how many training rows, and n-grams in all of them, the
    exact solver is used. regularisation: the candidates, C of the SVM, scored on rows_in_cross_validation
    rows. visits: how many rows the out-of-core solver looks at; each row at least once.

    encoder: `use`, `minilm` or `hf:...`; null for none. embedding_weights: the candidates for what its
    scores count beside the n-grams'. embedding_regularisation: C of the logistic regression on it, which is
    fitted on rows_for_embedding rows.
    """

    most_terms: Count = 80_000
    least_rows: Count = 2
    most_weights: Count = 6_000_000
    feature_weight: Positive = 0.05
    class_weights: dict[str, dict[str, Positive]] = {}
    rows_in_memory: Annotated[int, msgspec.Meta(ge=0)] = 60_000
    entries_in_memory: Positive = 4e7
    regularisation: tuple[Positive, ...] = (0.1, 0.3, 1.0)
    rows_in_cross_validation: Count = 6_000
    visits: Count = 300_000
    encoder: str | None = None
    embedding_weights: tuple[Positive, ...] = (0.1, 0.2, 0.4, 0.8)
    embedding_regularisation: Positive = 10.0
    rows_for_embedding: Count = 20_000


def read_parameters(model: Mapping[str, Any]) -> ModelParameters:
    """`model` as ModelParameters; raises ParametersError naming the key."""
    try:
        found = msgspec.convert(dict(model), ModelParameters)
    except msgspec.ValidationError as error:
        raise ParametersError(f"params.yaml, section model: {error}") from error
    if not found.regularisation or not found.embedding_weights:
        raise ParametersError("params.yaml, section model: a list of candidates is empty: name at least one")
    return found
