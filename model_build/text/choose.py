"""Cross-validation: which regularisation, and what an embedding counts beside the n-grams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from model_build.dataset import Batch, Dataset, Fold
from model_build.service import CandidateScores, Progress, quiet
from model_build.text import design
from model_build.text.embedding import Candidate, candidates, embed, fit_embedding
from model_build.text.inputs import Inputs, Reader, read
from model_build.text.parameters import ModelParameters, read_parameters
from model_build.text.solvers import in_memory
from model_build.text.weights import Floats, Ints


class Measure(NamedTuple):
    """What a candidate is judged by: its name, and a function of scores [rows, classes] and labels [rows]."""

    name: str
    of: Callable[[Floats, Ints], float]


ACCURACY = Measure("accuracy", lambda scores, labels: float((scores.argmax(axis=1) == labels).mean()))


class _Rows(NamedTuple):
    """The rows that candidates are scored on."""

    inputs: Inputs
    embedded: Floats | None
    labels: Mapping[str, Ints]
    folds: Ints


def cross_validate(
    dataset: Dataset,
    model: Mapping[str, Any],
    reader: Reader[Any],
    progress: Progress = quiet,
    *,
    heads: Sequence[str] = (),
    measure: Measure = ACCURACY,
) -> CandidateScores:
    """Score the candidates by the mean of `measure` over `heads` in each fold, on a sample of the rows.

    Without `heads` the deciding one alone counts. A candidate is a regularisation and, with an encoder,
    what the embedding's scores count beside the n-grams'. Of equal ones the strongest regularisation and the
    lightest embedding are taken.
    """
    parameters = read_parameters(model)
    heads = list(heads) or [dataset.heads[0]]
    rows = _rows(list(design.sample(dataset, parameters.rows_in_cross_validation)), heads, parameters, reader)
    scores: dict[Candidate, list[float]] = {each: [] for each in candidates(parameters)}
    total = len(dataset.folds) * len(parameters.regularisation)
    for number, fold in enumerate(dataset.folds):
        found = _scored(rows, fold, dataset, parameters, measure)
        for candidate, values in found.items():
            scores[candidate] += [float(np.mean(values))] if values else []
        progress((number + 1) * len(parameters.regularisation), total)
    best = max(scores, key=lambda each: (round(float(np.mean(scores[each])), 3), -each.c, -each.embedding))
    named = {str(each): values for each, values in scores.items()}
    return CandidateScores(named, str(best), f"{', '.join(heads)} {measure.name}", best._asdict())


def _rows(
    batches: list[Batch], heads: Sequence[str], parameters: ModelParameters, reader: Reader[Any]
) -> _Rows:
    return _Rows(
        inputs=design.stack([read(batch, reader) for batch in batches]),
        embedded=embed(parameters.encoder, batches, reader),
        labels={head: np.concatenate([batch.labels[head] for batch in batches]) for head in heads},
        folds=np.concatenate([batch.folds for batch in batches]),
    )


def _scored(
    rows: _Rows, fold: Fold, dataset: Dataset, parameters: ModelParameters, measure: Measure
) -> dict[Candidate, list[float]]:
    """Each candidate's measure of each head that has two classes to learn, in one fold."""
    train, held = np.isin(rows.folds, fold.train), rows.folds == fold.validate
    scores: dict[Candidate, list[float]] = {each: [] for each in candidates(parameters)}
    if not held.any():
        return scores
    seen = design.rows_of(rows.inputs, train)
    terms, scaling = design.prepare(seen, dataset, parameters)
    fit_on = design.matrix(seen, terms, scaling, parameters)
    score_on = design.matrix(design.rows_of(rows.inputs, held), terms, scaling, parameters)
    for head, labels in rows.labels.items():
        if len(np.unique(labels[train])) < 2:
            continue
        classes, weights = len(dataset.classes[head]), design.class_weights(dataset, parameters, head)
        dense: Floats | float = 0.0
        if rows.embedded is not None:
            learned = fit_embedding(rows.embedded[train], labels[train], weights, parameters)
            dense = learned.scores(rows.embedded[held])
        for c in parameters.regularisation:
            solver = in_memory(fit_on, labels[train], classes, c=c, weights=weights, seed=dataset.seed)
            own = solver.scores(score_on)
            for candidate in (each for each in scores if each.c == c):
                scores[candidate].append(measure.of(own + candidate.embedding * dense, labels[held]))
    return scores
