"""Fits the ticket model: in memory where the data fits (a linear SVM a class), in passes over the data
where it does not (the same model by averaged stochastic gradient descent)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import scipy.sparse as sp

from lambdas.tickets.features import BUCKETS
from model_build.dataset import Batch, Dataset
from model_build.encoders.base import Encoder
from model_build.service import CandidateScores, Progress, quiet
from model_build.tickets.embedding import Candidate, candidates, embed, fit_embedding
from model_build.tickets.inputs import Inputs, inputs_of, texts_of, tickets_of
from model_build.tickets.parameters import ModelParameters, read_parameters
from model_build.tickets.solvers import Solver, in_memory, out_of_core
from model_build.tickets.weights import Floats, Ints, Linear, Scaling, Terms, fit_scaling

PROBED_ROWS: Final = 500
SCALED_ROWS: Final = 50_000
COUNTED_ROWS: Final = 500_000
"""How many rows decide which n-grams are kept and how features are scaled, where they are more than that."""


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

    def outputs(self, batch: Batch) -> Mapping[str, Floats]:
        """Nothing: the contributions only explain."""
        return {}

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
    """Score the candidates by the deciding head's accuracy over the folds, on a sample of the rows.

    A candidate is a regularisation and, with an encoder, what the embedding's scores count beside the
    n-grams'. Of equal ones the strongest regularisation and the lightest embedding are taken.
    """
    parameters = read_parameters(model)
    head, classes = dataset.heads[0], len(dataset.classes[dataset.heads[0]])
    batches = list(_sample(dataset, parameters.rows_in_cross_validation))
    labels = np.concatenate([batch.labels[head] for batch in batches])
    folds = np.concatenate([batch.folds for batch in batches])
    weights = _class_weights(dataset, parameters, head)
    scores: dict[Candidate, list[float]] = {each: [] for each in candidates(parameters)}
    done, total = 0, len(dataset.folds) * len(parameters.regularisation)
    inputs = _stack([inputs_of(tickets_of(batch)) for batch in batches])
    embedded = embed(parameters.encoder, batches)
    for fold in dataset.folds:
        train, held = np.isin(folds, fold.train), folds == fold.validate
        if not held.any() or len(np.unique(labels[train])) < 2:
            continue
        terms, scaling = _prepare(_rows(inputs, train), dataset, parameters)
        fit_on = _matrix(_rows(inputs, train), terms, scaling, parameters)
        score_on = _matrix(_rows(inputs, held), terms, scaling, parameters)
        dense: Floats | float = 0.0
        if embedded is not None:
            dense = fit_embedding(embedded[train], labels[train], weights, parameters).scores(embedded[held])
        for c in parameters.regularisation:
            solver = in_memory(fit_on, labels[train], classes, c=c, weights=weights, seed=dataset.seed)
            own = solver.scores(score_on)
            for candidate, found in scores.items():
                if candidate.c == c:
                    guessed = (own + candidate.embedding * dense).argmax(axis=1)
                    found.append(float((guessed == labels[held]).mean()))
            done += 1
            progress(done, total)
    best = max(scores, key=lambda each: (round(float(np.mean(scores[each])), 3), -each.c, -each.embedding))
    named = {str(each): found for each, found in scores.items()}
    return CandidateScores(named, str(best), f"{head} accuracy", best._asdict())


def fit(
    dataset: Dataset, model: Mapping[str, Any], chosen: CandidateScores, progress: Progress = quiet
) -> FittedTickets:
    """The model on the train split, with the regularisation that cross-validation chose."""
    parameters = read_parameters(model)
    candidate = Candidate(**chosen.parameters)
    if _fits_in_memory(dataset, parameters):
        return _fit_in_memory(dataset, parameters, candidate, progress)
    return _fit_out_of_core(dataset, parameters, candidate, progress)


def _fits_in_memory(dataset: Dataset, parameters: ModelParameters) -> bool:
    """Judged by the n-grams of the first rows, which are a random sample."""
    probe = inputs_of([ticket for batch in _sample(dataset, PROBED_ROWS) for ticket in tickets_of(batch)])
    rows = dataset.split_rows["train"]
    entries = probe.counts.nnz / probe.counts.shape[0] * rows
    return rows <= parameters.rows_in_memory and entries <= parameters.entries_in_memory


def _fit_in_memory(
    dataset: Dataset, parameters: ModelParameters, chosen: Candidate, progress: Progress
) -> FittedTickets:
    batches = list(dataset.batches("train"))
    inputs = _stack([inputs_of(tickets_of(batch)) for batch in batches])
    terms, scaling = _prepare(inputs, dataset, parameters)
    matrix = _matrix(inputs, terms, scaling, parameters)
    solvers: dict[str, Solver] = {}
    for number, head in enumerate(dataset.heads):
        labels = np.concatenate([batch.labels[head] for batch in batches])
        weights = _class_weights(dataset, parameters, head)
        solvers[head] = in_memory(
            matrix, labels, len(dataset.classes[head]), c=chosen.c, weights=weights, seed=dataset.seed
        )
        progress(number + 1, len(dataset.heads))
    return _fitted(dataset, parameters, chosen, terms, scaling, solvers)


def _fit_out_of_core(
    dataset: Dataset, parameters: ModelParameters, chosen: Candidate, progress: Progress
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
        if sum(map(len, sample)) < SCALED_ROWS:
            sample.append(inputs.features)
        done += len(batch)
        progress(done, total)
    terms = _keep(present, counted, dataset, parameters)
    scaling = fit_scaling(np.vstack(sample))
    solvers = {
        head: out_of_core(
            len(dataset.classes[head]),
            rows,
            c=chosen.c,
            weights=_class_weights(dataset, parameters, head),
            seed=dataset.seed,
        )
        for head in dataset.heads
    }
    for epoch in range(passes):
        for batch in dataset.batches("train", epoch=epoch):
            matrix = _matrix(inputs_of(tickets_of(batch)), terms, scaling, parameters)
            for head, solver in solvers.items():
                solver.learn(matrix, batch.labels[head])
            done += len(batch)
            progress(done, total)
    return _fitted(dataset, parameters, chosen, terms, scaling, solvers)


def _fitted(
    dataset: Dataset,
    parameters: ModelParameters,
    chosen: Candidate,
    terms: Terms,
    scaling: Scaling,
    solvers: Mapping[str, Solver],
) -> FittedTickets:
    """The solvers' weights, with the embedding's beside them where there is an encoder."""
    heads = {head: _linear(solver, terms, parameters) for head, solver in solvers.items()}
    if parameters.encoder is not None:
        batches = list(_sample(dataset, parameters.rows_for_embedding))
        embedded = embed(parameters.encoder, batches)
        for head, linear in list(heads.items()):
            labels = np.concatenate([batch.labels[head] for batch in batches])
            weights = _class_weights(dataset, parameters, head)
            dense = fit_embedding(embedded, labels, weights, parameters)
            heads[head] = replace(
                linear,
                bias=linear.bias + chosen.embedding * dense.bias,
                embedding=chosen.embedding * dense.weights,
            )
    return FittedTickets(terms, scaling, heads, parameters.encoder)


def _prepare(inputs: Inputs, dataset: Dataset, parameters: ModelParameters) -> tuple[Terms, Scaling]:
    present = np.bincount(inputs.counts.indices, minlength=BUCKETS)
    return _keep(present, inputs.counts.shape[0], dataset, parameters), fit_scaling(inputs.features)


def _keep(present: Ints, rows: int, dataset: Dataset, parameters: ModelParameters) -> Terms:
    """The terms in at least `least_rows` rows, the most frequent of them within the parameters' bounds.

    idf = ln((1 + rows) / (1 + rows with the term)) + 1, as scikit-learn has it.
    """
    kept = np.flatnonzero(present >= parameters.least_rows)
    classes = sum(map(len, dataset.classes.values()))
    most = min(parameters.most_terms, max(1, parameters.most_weights // classes))
    if len(kept) > most:
        kept = np.sort(kept[np.argsort(-present[kept], kind="stable")[:most]])
    return Terms(kept, np.log((1.0 + rows) / (1.0 + present[kept])) + 1.0)


def _matrix(inputs: Inputs, terms: Terms, scaling: Scaling, parameters: ModelParameters) -> sp.csr_matrix:
    """What the solvers see: the terms, then the weighted hand-made features."""
    features = sp.csr_matrix(parameters.feature_weight * scaling.apply(inputs.features))
    return sp.hstack([terms.values(inputs.counts), features]).tocsr()


def _linear(solver: Solver, terms: Terms, parameters: ModelParameters) -> Linear:
    weights, first = solver.weights, len(terms.buckets)
    return Linear(weights[:first], parameters.feature_weight * weights[first:], solver.bias)


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


def _class_weights(dataset: Dataset, parameters: ModelParameters, head: str) -> dict[int, float]:
    given = parameters.class_weights.get(head, {})
    return {k: float(given.get(name, 1.0)) for k, name in enumerate(dataset.classes[head])}
