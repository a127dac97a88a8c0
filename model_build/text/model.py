"""Fits a text model: in memory where the data fits (a linear SVM a class), in passes over the data
where it does not (the same model by averaged stochastic gradient descent)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from lambdas.core.ngrams import BUCKETS
from model_build.dataset import Batch, Dataset
from model_build.encoders.base import Encoder
from model_build.service import CandidateScores, Progress, quiet
from model_build.text import design
from model_build.text.embedding import Candidate, embed, fit_embedding
from model_build.text.inputs import Reader, inputs_of, read
from model_build.text.parameters import ModelParameters, read_parameters
from model_build.text.solvers import Solver, in_memory, out_of_core
from model_build.text.weights import Floats, Linear, Scaling, Terms, fit_scaling

PROBED_ROWS: Final = 500
SCALED_ROWS: Final = 50_000
COUNTED_ROWS: Final = 500_000
"""How many rows decide which n-grams are kept and how features are scaled, where they are more than that."""


@dataclass(frozen=True)
class FittedText:
    """A fitted model on the training side: `logits` is the reference that the graph must reproduce."""

    terms: Terms
    scaling: Scaling
    heads: Mapping[str, Linear]
    reader: Reader[Any]
    encoder: str | None = None
    _loaded: dict[str, Encoder] = field(default_factory=dict, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": {}}

    def logits(self, batch: Batch) -> dict[str, Floats]:
        """Each head's uncalibrated scores, [rows, classes], in double precision."""
        items = self.reader.items(batch)
        inputs = inputs_of(items, self.reader)
        values = self.terms.values(inputs.counts)
        scaled = self.scaling.apply(inputs.features)
        loaded = self.loaded_encoder()
        embedded = None if loaded is None else loaded.embed(self.reader.texts(items))
        return {name: head.logits(values, scaled, embedded) for name, head in self.heads.items()}

    def outputs(self, batch: Batch) -> Mapping[str, Floats]:
        """Nothing: the contributions only explain."""
        return {}

    def loaded_encoder(self) -> Encoder | None:
        """The encoder, loaded on first use; None for a model without one."""
        if self.encoder is None:
            return None
        if self.encoder not in self._loaded:
            from model_build.encoders.base import shared

            self._loaded[self.encoder] = shared(self.encoder)
        return self._loaded[self.encoder]


def fit(
    dataset: Dataset,
    model: Mapping[str, Any],
    chosen: CandidateScores,
    reader: Reader[Any],
    progress: Progress = quiet,
) -> FittedText:
    """The model on the train split, with the regularisation that cross-validation chose."""
    parameters = read_parameters(model)
    candidate = Candidate(**chosen.parameters)
    if _fits_in_memory(dataset, parameters, reader):
        return _fit_in_memory(dataset, parameters, candidate, reader, progress)
    return _fit_out_of_core(dataset, parameters, candidate, reader, progress)


def _fits_in_memory(dataset: Dataset, parameters: ModelParameters, reader: Reader[Any]) -> bool:
    """Judged by the n-grams of the first rows, which are a random sample."""
    probe = inputs_of(
        [item for batch in design.sample(dataset, PROBED_ROWS) for item in reader.items(batch)], reader
    )
    rows = dataset.split_rows["train"]
    entries = probe.counts.nnz / probe.counts.shape[0] * rows
    return rows <= parameters.rows_in_memory and entries <= parameters.entries_in_memory


def _fit_in_memory(
    dataset: Dataset, parameters: ModelParameters, chosen: Candidate, reader: Reader[Any], progress: Progress
) -> FittedText:
    batches = list(dataset.batches("train"))
    inputs = design.stack([read(batch, reader) for batch in batches])
    terms, scaling = design.prepare(inputs, dataset, parameters)
    matrix = design.matrix(inputs, terms, scaling, parameters)
    solvers: dict[str, Solver] = {}
    for number, head in enumerate(dataset.heads):
        labels = np.concatenate([batch.labels[head] for batch in batches])
        weights = design.class_weights(dataset, parameters, head)
        solvers[head] = in_memory(
            matrix, labels, len(dataset.classes[head]), c=chosen.c, weights=weights, seed=dataset.seed
        )
        progress(number + 1, len(dataset.heads))
    return _fitted(dataset, parameters, chosen, terms, scaling, solvers, reader)


def _fit_out_of_core(
    dataset: Dataset, parameters: ModelParameters, chosen: Candidate, reader: Reader[Any], progress: Progress
) -> FittedText:
    """A first look at COUNTED_ROWS finds the terms and the scaling; then the passes learn from every row."""
    rows = dataset.split_rows["train"]
    passes = max(1, round(parameters.visits / rows))
    counted = min(rows, COUNTED_ROWS)
    total, done = counted + rows * passes, 0
    present = np.zeros(BUCKETS, dtype=np.int64)
    sample: list[Floats] = []
    for batch in design.sample(dataset, counted):
        inputs = read(batch, reader)
        present += np.bincount(inputs.counts.indices, minlength=BUCKETS)
        if sum(map(len, sample)) < SCALED_ROWS:
            sample.append(inputs.features)
        done += len(batch)
        progress(done, total)
    terms = design.keep(present, counted, dataset, parameters)
    scaling = fit_scaling(np.vstack(sample))
    solvers = {
        head: out_of_core(
            len(dataset.classes[head]),
            rows,
            c=chosen.c,
            weights=design.class_weights(dataset, parameters, head),
            seed=dataset.seed,
        )
        for head in dataset.heads
    }
    for epoch in range(passes):
        for batch in dataset.batches("train", epoch=epoch):
            matrix = design.matrix(read(batch, reader), terms, scaling, parameters)
            for head, solver in solvers.items():
                solver.learn(matrix, batch.labels[head])
            done += len(batch)
            progress(done, total)
    return _fitted(dataset, parameters, chosen, terms, scaling, solvers, reader)


def _fitted(
    dataset: Dataset,
    parameters: ModelParameters,
    chosen: Candidate,
    terms: Terms,
    scaling: Scaling,
    solvers: Mapping[str, Solver],
    reader: Reader[Any],
) -> FittedText:
    """The solvers' weights, with the embedding's beside them where there is an encoder."""
    heads = {head: _linear(solver, terms, parameters) for head, solver in solvers.items()}
    if parameters.encoder is not None:
        batches = list(design.sample(dataset, parameters.rows_for_embedding))
        embedded = embed(parameters.encoder, batches, reader)
        for head, linear in list(heads.items()):
            labels = np.concatenate([batch.labels[head] for batch in batches])
            weights = design.class_weights(dataset, parameters, head)
            dense = fit_embedding(embedded, labels, weights, parameters)
            heads[head] = replace(
                linear,
                bias=linear.bias + chosen.embedding * dense.bias,
                embedding=chosen.embedding * dense.weights,
            )
    return FittedText(terms, scaling, heads, reader, parameters.encoder)


def _linear(solver: Solver, terms: Terms, parameters: ModelParameters) -> Linear:
    weights, first = solver.weights, len(terms.buckets)
    return Linear(weights[:first], parameters.feature_weight * weights[first:], solver.bias)
