"""The ticket model: fitted in memory where the data fits, in passes over the data where it does not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import scipy.sparse as sp

from lambdas.tickets.features import BUCKETS
from lambdas.tickets.schema import TicketRequest
from model_build.dataset import Batch, Dataset
from model_build.encoders.base import Encoder
from model_build.service import CandidateScores, Progress, quiet
from model_build.tickets import selection
from model_build.tickets.inputs import inputs_of, texts_of, tickets_of
from model_build.tickets.parameters import ModelParameters, read_parameters
from model_build.tickets.rows import Design, make_design, present_in, read_rows, some_batches
from model_build.tickets.solvers import Solver, Streaming, exact
from model_build.tickets.weights import Floats, Ints, Linear, Scaling, Terms

COUNTED_ROWS: Final = 300_000
"""How many rows decide which n-grams are kept and how features are scaled, where there are more."""
SCALED_ROWS: Final = 50_000
BATCH: Final = 4_096


@dataclass(frozen=True)
class FittedTickets:
    """A fitted model on the training side: its scores are the reference that the graph must reproduce."""

    terms: Terms
    scaling: Scaling
    heads: Mapping[str, Linear]
    encoder: str | None = None
    _loaded: dict[str, Encoder] = field(default_factory=dict, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": {}}

    def logits(self, batch: Batch) -> dict[str, Floats]:
        """Each head's uncalibrated scores, [rows, classes], in double precision."""
        return self.scores(tickets_of(batch))

    def scores(self, tickets: Sequence[TicketRequest]) -> dict[str, Floats]:
        """The same for tickets, [tickets, classes]."""
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


def cross_validate(dataset: Dataset, model: Mapping[str, Any], progress: Progress = quiet) -> CandidateScores:
    """Choose the solver and the strength of its regularisation; see `selection.cross_validate`."""
    return selection.cross_validate(dataset, read_parameters(model), progress)


def fit(
    dataset: Dataset, model: Mapping[str, Any], chosen: CandidateScores, progress: Progress = quiet
) -> FittedTickets:
    """The model on the train split, as cross-validation chose it."""
    parameters = read_parameters(model)
    by_solver = _exact if chosen.parameters["way"] == "exact" else _streaming
    design, solvers = by_solver(dataset, parameters, chosen.parameters["heads"], progress)
    dense = _dense(dataset, parameters)
    heads = {}
    for head, solver in solvers.items():
        weight = chosen.parameters["heads"][head]["embedding"]
        heads[head] = _linear(solver, design, dense.get(head), weight, parameters)
    return FittedTickets(design.terms, design.scaling, heads, parameters.encoder)


def _exact(
    dataset: Dataset, parameters: ModelParameters, chosen: Mapping[str, Any], progress: Progress
) -> tuple[Design, dict[str, Solver]]:
    """All rows at once."""
    rows = read_rows(dataset, dataset.split_rows["train"])
    design = make_design(
        present_in(rows.inputs), len(rows), rows.inputs.features, _classes(dataset), parameters
    )
    matrix = design.matrix(rows.inputs)
    solvers: dict[str, Solver] = {}
    for number, head in enumerate(dataset.heads):
        solvers[head] = exact(
            matrix,
            rows.labels[head],
            selection.class_weights(dataset, parameters, head),
            c=chosen[head]["strength"],
            iterations=parameters.iterations,
        )
        progress(number + 1, len(dataset.heads))
    return design, solvers


def _streaming(
    dataset: Dataset, parameters: ModelParameters, chosen: Mapping[str, Any], progress: Progress
) -> tuple[Design, dict[str, Solver]]:
    """A first look at some rows finds the terms and the scaling, then passes over all rows learn."""
    rows = dataset.split_rows["train"]
    passes = max(1, round(parameters.visits / rows))
    counted = min(rows, COUNTED_ROWS)
    done, total = 0, counted + passes * rows
    present = np.zeros(BUCKETS, dtype=np.int64)
    features: list[Floats] = []
    for batch in some_batches(dataset, counted):
        inputs = inputs_of(tickets_of(batch))
        present += present_in(inputs)
        if sum(map(len, features)) < SCALED_ROWS:
            features.append(inputs.features)
        done += len(batch)
        progress(done, total)
    design = make_design(present, counted, np.vstack(features), _classes(dataset), parameters)
    solvers = {
        head: Streaming(
            selection.class_weights(dataset, parameters, head),
            step=chosen[head]["strength"],
            seed=dataset.seed,
        )
        for head in dataset.heads
    }
    with tempfile.TemporaryDirectory(dir=dataset.folder, prefix="matrices-") as folder:
        for matrix, labels in _passes(dataset, design, passes, Path(folder)):
            for head, solver in solvers.items():
                solver.learn(matrix, labels[head])
            done += matrix.shape[0]
            progress(done, total)
    return design, dict(solvers)


def _passes(
    dataset: Dataset, design: Design, passes: int, folder: Path
) -> Iterator[tuple[sp.csr_matrix, Mapping[str, Ints]]]:
    """Every batch of every pass. After the first pass they are read back from disk, in another order."""
    kept: list[Path] = []
    for batch in dataset.batches("train", BATCH):
        matrix = design.matrix(inputs_of(tickets_of(batch)))
        if passes > 1:
            path = folder / f"{len(kept)}.npz"
            parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr}
            with path.open("wb") as file:
                np.savez(file, allow_pickle=False, **parts, **_prefixed(batch.labels))
            kept.append(path)
        yield matrix, batch.labels
    width = len(design.terms.buckets) + len(design.scaling.medians)
    for number in range(1, passes):
        for index in np.random.default_rng((dataset.seed, number)).permutation(len(kept)):
            with np.load(kept[index], allow_pickle=False) as parts:
                shape = (len(parts["indptr"]) - 1, width)
                matrix = sp.csr_matrix((parts["data"], parts["indices"], parts["indptr"]), shape=shape)
                yield matrix, {head: parts[f"label:{head}"] for head in dataset.heads}


def _prefixed(labels: Mapping[str, Ints]) -> dict[str, Ints]:
    return {f"label:{head}": values for head, values in labels.items()}


def _dense(dataset: Dataset, parameters: ModelParameters) -> dict[str, Solver]:
    """A logistic regression on the embedding for each head; empty without an encoder."""
    if parameters.encoder is None:
        return {}
    rows = read_rows(dataset, min(parameters.embedding_rows, dataset.split_rows["train"]))
    embedded = selection.embed(parameters.encoder, rows.texts)
    assert embedded is not None  # noqa: S101 - told to the type checker
    return {
        head: exact(
            embedded.astype(np.float64),
            rows.labels[head],
            selection.class_weights(dataset, parameters, head),
            c=parameters.embedding_regularisation,
            iterations=4 * parameters.iterations,
        )
        for head in dataset.heads
    }


def _linear(
    solver: Solver, design: Design, dense: Solver | None, weight: float, parameters: ModelParameters
) -> Linear:
    """The weights of a head, the embedding's times `weight`; without n-grams only the embedding's."""
    terms = len(design.terms.buckets)
    own = 1.0 if parameters.ngrams else 0.0
    by_term, by_feature = own * solver.weights[:terms], own * design.feature_weight * solver.weights[terms:]
    bias = own * solver.bias
    if dense is None:
        return Linear(by_term, by_feature, bias)
    return Linear(by_term, by_feature, bias + weight * dense.bias, weight * dense.weights)


def _classes(dataset: Dataset) -> int:
    return sum(map(len, dataset.classes.values()))
