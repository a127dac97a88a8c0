"""Fits the ticket model: in memory where the data fits (a linear SVM a class), in passes over the data
where it does not (the same model by averaged stochastic gradient descent)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np
import scipy.sparse as sp

from lambdas.tickets.features import BUCKETS
from model_build.dataset import Batch, Dataset
from model_build.encoders.base import Encoder
from model_build.service import CandidateScores, Progress, quiet
from model_build.tickets.inputs import Inputs, inputs_of, texts_of, tickets_of
from model_build.tickets.solvers import Solver, in_memory, out_of_core
from model_build.tickets.weights import Floats, Ints, Linear, Scaling, Terms, fit_scaling

COUNTED_ROWS: Final = 500_000
"""How many rows decide which n-grams are kept and how features are scaled, where they are more than that."""


class ModelParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section `model` of params.yaml.

    most_terms: how many n-grams are kept, those in most rows first. least_rows: in how many rows an n-gram
    must stand. feature_weight, embedding_weight: how much the hand-made features and the embedding count
    against the text. rows_in_memory: up to how many training rows the exact solver is used.
    regularisation: the candidates, C of the SVM. class_weights: by head and class; 1 where nothing is
    said. visits: how many rows the out-of-core solver looks at; each row at least once.
    """

    most_terms: int = 80_000
    least_rows: int = 2
    feature_weight: float = 0.05
    embedding_weight: float = 2.0
    rows_in_memory: int = 60_000
    rows_in_cross_validation: int = 6_000
    regularisation: tuple[float, ...] = (0.3, 1.0)
    class_weights: dict[str, dict[str, float]] = {}
    visits: int = 300_000
    encoder: str | None = None


@dataclass(frozen=True)
class FittedTickets:
    """A fitted model on the training side: `logits` is the reference that the graph must reproduce."""

    terms: Terms
    scaling: Scaling
    heads: Mapping[str, Linear]
    encoder: str | None = None
    _loaded: dict[str, Encoder] = field(default_factory=dict, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": {}}

    def logits(self, batch: Batch) -> dict[str, Floats]:
        """Each head's uncalibrated scores, [rows, classes], in double precision."""
        tickets = tickets_of(batch)
        inputs = inputs_of(tickets)
        values = self.terms.values(inputs.counts)
        scaled = self.scaling.apply(inputs.features)
        loaded = self.loaded_encoder()
        embedded = None if loaded is None else loaded.embed(texts_of(tickets))
        return {name: head.logits(values, scaled, embedded) for name, head in self.heads.items()}

    def loaded_encoder(self) -> Encoder | None:
        """The encoder, loaded on first use; None for the default model."""
        if self.encoder is None:
            return None
        if self.encoder not in self._loaded:
            from model_build.encoders.base import load

            self._loaded[self.encoder] = load(self.encoder)
        return self._loaded[self.encoder]


@dataclass(frozen=True)
class _Design:
    """All training rows in memory: what the in-memory solver sees."""

    terms: Terms
    scaling: Scaling
    matrix: sp.csr_matrix
    labels: Mapping[str, Ints]
    folds: Ints


def cross_validate(dataset: Dataset, model: Mapping[str, Any], progress: Progress = quiet) -> CandidateScores:
    """Score each regularisation by the deciding head's accuracy over the folds, on a sample of the rows."""
    parameters = read_parameters(model)
    head = dataset.heads[0]
    batches = list(_sample(dataset, parameters.rows_in_cross_validation))
    labels = np.concatenate([batch.labels[head] for batch in batches])
    folds = np.concatenate([batch.folds for batch in batches])
    weights = _class_weights(dataset, parameters, head)
    candidates: dict[str, list[float]] = {f"C={c:g}": [] for c in parameters.regularisation}
    done, total = 0, len(dataset.folds) * len(candidates)
    inputs = _stack([inputs_of(tickets_of(batch)) for batch in batches])
    embedded = _embedded(parameters.encoder, batches)
    for fold in dataset.folds:
        train, validate = np.isin(folds, fold.train), folds == fold.validate
        if not validate.any() or len(np.unique(labels[train])) < 2:
            continue
        terms, scaling = _prepare(_rows(inputs, train), parameters)
        fit_on = _matrix(_rows(inputs, train), terms, scaling, parameters, _pick(embedded, train))
        score_on = _matrix(_rows(inputs, validate), terms, scaling, parameters, _pick(embedded, validate))
        for c in parameters.regularisation:
            solver = in_memory(
                fit_on, labels[train], len(dataset.classes[head]), c=c, weights=weights, seed=dataset.seed
            )
            guessed = solver.scores(score_on).argmax(axis=1)
            candidates[f"C={c:g}"].append(float((guessed == labels[validate]).mean()))
            done += 1
            progress(done, total)
    chosen = max(candidates, key=lambda name: (round(float(np.mean(candidates[name])), 3), -_c(name)))
    return CandidateScores(candidates, chosen, f"{head} accuracy", {"c": _c(chosen)})


def fit(
    dataset: Dataset, model: Mapping[str, Any], chosen: CandidateScores, progress: Progress = quiet
) -> FittedTickets:
    """The model on the train split, with the regularisation that cross-validation chose."""
    parameters = read_parameters(model)
    c = float(chosen.parameters["c"])
    if dataset.split_rows["train"] <= parameters.rows_in_memory:
        return _fit_in_memory(dataset, parameters, c, progress)
    return _fit_out_of_core(dataset, parameters, c, progress)


def read_parameters(model: Mapping[str, Any]) -> ModelParameters:
    """`model` as ModelParameters; raises ParametersError naming the key."""
    from model_build.errors import ParametersError

    try:
        return msgspec.convert(dict(model), ModelParameters)
    except msgspec.ValidationError as error:
        raise ParametersError(f"params.yaml, section model: {error}") from error


def _fit_in_memory(
    dataset: Dataset, parameters: ModelParameters, c: float, progress: Progress
) -> FittedTickets:
    batches = list(dataset.batches("train"))
    inputs = _stack([inputs_of(tickets_of(batch)) for batch in batches])
    terms, scaling = _prepare(inputs, parameters)
    matrix = _matrix(inputs, terms, scaling, parameters, _embedded(parameters.encoder, batches))
    heads = {}
    for number, head in enumerate(dataset.heads):
        labels = np.concatenate([batch.labels[head] for batch in batches])
        weights = _class_weights(dataset, parameters, head)
        solver = in_memory(
            matrix, labels, len(dataset.classes[head]), c=c, weights=weights, seed=dataset.seed
        )
        heads[head] = _linear(solver, terms, scaling, parameters)
        progress(number + 1, len(dataset.heads))
    return FittedTickets(terms, scaling, heads, parameters.encoder)


def _fit_out_of_core(
    dataset: Dataset, parameters: ModelParameters, c: float, progress: Progress
) -> FittedTickets:
    """A first look at COUNTED_ROWS finds the terms and the scaling; then the passes learn from every row."""
    rows = dataset.split_rows["train"]
    passes = max(1, round(parameters.visits / rows))
    counted = min(rows, COUNTED_ROWS)
    total, done = counted + rows * passes, 0
    present = np.zeros(BUCKETS, dtype=np.int64)
    sample: list[Floats] = []
    for batch in _sample(dataset, counted):
        inputs = inputs_of(tickets_of(batch))
        present += np.bincount(inputs.counts.indices, minlength=BUCKETS)
        if sum(map(len, sample)) < parameters.rows_in_memory:
            sample.append(inputs.features)
        done += len(batch)
        progress(done, total)
    terms = _keep(present, counted, parameters)
    scaling = fit_scaling(np.vstack(sample))
    solvers = {
        head: out_of_core(
            len(dataset.classes[head]),
            rows,
            c=c,
            weights=_class_weights(dataset, parameters, head),
            seed=dataset.seed,
        )
        for head in dataset.heads
    }
    for epoch in range(passes):
        for batch in dataset.batches("train", epoch=epoch):
            matrix = _matrix(
                inputs_of(tickets_of(batch)),
                terms,
                scaling,
                parameters,
                _embedded(parameters.encoder, [batch]),
            )
            for head, solver in solvers.items():
                solver.learn(matrix, batch.labels[head])
            done += len(batch)
            progress(done, total)
    heads = {head: _linear(solver, terms, scaling, parameters) for head, solver in solvers.items()}
    return FittedTickets(terms, scaling, heads, parameters.encoder)


def _prepare(inputs: Inputs, parameters: ModelParameters) -> tuple[Terms, Scaling]:
    present = np.bincount(inputs.counts.indices, minlength=BUCKETS)
    return _keep(present, inputs.counts.shape[0], parameters), fit_scaling(inputs.features)


def _keep(present: Ints, rows: int, parameters: ModelParameters) -> Terms:
    """The terms in at least `least_rows` rows, the most frequent `most_terms` of them.

    idf = ln((1 + rows) / (1 + rows with the term)) + 1, as scikit-learn has it.
    """
    kept = np.flatnonzero(present >= parameters.least_rows)
    if len(kept) > parameters.most_terms:
        kept = np.sort(kept[np.argsort(-present[kept], kind="stable")[: parameters.most_terms]])
    return Terms(kept, np.log((1.0 + rows) / (1.0 + present[kept])) + 1.0)


def _matrix(
    inputs: Inputs, terms: Terms, scaling: Scaling, parameters: ModelParameters, embedded: Floats | None
) -> sp.csr_matrix:
    """Everything a head is linear in, side by side: terms, weighted features, embedding."""
    blocks = [
        terms.values(inputs.counts),
        sp.csr_matrix(parameters.feature_weight * scaling.apply(inputs.features)),
    ]
    if embedded is not None:
        blocks.append(sp.csr_matrix(parameters.embedding_weight * embedded.astype(np.float64)))
    return sp.hstack(blocks).tocsr()


def _linear(solver: Solver, terms: Terms, scaling: Scaling, parameters: ModelParameters) -> Linear:
    a = len(terms.buckets)
    b = a + len(scaling.medians)
    weights = solver.weights
    embedding = parameters.embedding_weight * weights[b:] if weights.shape[0] > b else None
    return Linear(weights[:a], parameters.feature_weight * weights[a:b], solver.bias, embedding)


def _sample(dataset: Dataset, rows: int) -> Iterator[Batch]:
    """The first `rows` training rows: the shards are in random order."""
    left = rows
    for batch in dataset.batches("train"):
        yield batch.first(left)
        left -= len(batch)
        if left <= 0:
            return


def _stack(parts: list[Inputs]) -> Inputs:
    return Inputs(
        sp.vstack([part.counts for part in parts]).tocsr(), np.vstack([part.features for part in parts])
    )


def _rows(inputs: Inputs, which: np.ndarray[Any, Any]) -> Inputs:
    return Inputs(inputs.counts[which], inputs.features[which])


def _pick(embedded: Floats | None, which: np.ndarray[Any, Any]) -> Floats | None:
    return None if embedded is None else embedded[which]


def _embedded(encoder: str | None, batches: list[Batch]) -> Floats | None:
    if encoder is None:
        return None
    from model_build.encoders.base import load

    texts = [text for batch in batches for text in texts_of(tickets_of(batch))]
    return load(encoder).embed(texts)


def _class_weights(dataset: Dataset, parameters: ModelParameters, head: str) -> dict[int, float]:
    given = parameters.class_weights.get(head, {})
    return {k: float(given.get(name, 1.0)) for k, name in enumerate(dataset.classes[head])}


def _c(name: str) -> float:
    return float(name.removeprefix("C="))
