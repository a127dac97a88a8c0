"""Rows of the data set as the solvers see them: one sparse matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from lambdas.tickets.features import BUCKETS
from model_build.dataset import Batch, Dataset
from model_build.service import Progress, quiet
from model_build.tickets.inputs import Inputs, inputs_of, texts_of, tickets_of
from model_build.tickets.parameters import ModelParameters
from model_build.tickets.weights import Floats, Ints, Scaling, Terms, fit_scaling


@dataclass(frozen=True)
class Rows:
    """Rows in memory: their inputs, the labels of each head, their folds, their texts."""

    inputs: Inputs
    labels: Mapping[str, Ints]
    folds: Ints
    texts: list[str]

    def __len__(self) -> int:
        return len(self.folds)


class Design(NamedTuple):
    """How inputs become the columns of a matrix: the terms, then the weighted hand-made features."""

    terms: Terms
    scaling: Scaling
    feature_weight: float

    def matrix(self, inputs: Inputs) -> sp.csr_matrix:
        """[rows, terms + features], float32: enough to learn from, and half the memory."""
        weighted = self.feature_weight * self.scaling.apply(inputs.features)
        parts = [
            self.terms.values(inputs.counts).astype(np.float32),
            sp.csr_matrix(weighted.astype(np.float32)),
        ]
        return sp.hstack(parts, format="csr")


def some_batches(dataset: Dataset, rows: int) -> Iterator[Batch]:
    """The first `rows` of the train split; its order is random, so they are a fair sample."""
    left = rows
    for batch in dataset.batches("train"):
        yield batch.first(left)
        left -= len(batch)
        if left <= 0:
            return


def read_rows(dataset: Dataset, rows: int, progress: Progress = quiet) -> Rows:
    """The first `rows` of the train split, in memory."""
    parts: list[Inputs] = []
    labels: dict[str, list[Ints]] = {head: [] for head in dataset.heads}
    folds: list[Ints] = []
    texts: list[str] = []
    for batch in some_batches(dataset, rows):
        tickets = tickets_of(batch)
        parts.append(inputs_of(tickets))
        texts += texts_of(tickets)
        folds.append(batch.folds)
        for head in dataset.heads:
            labels[head].append(batch.labels[head])
        progress(len(texts), rows)
    return Rows(
        Inputs(
            sp.vstack([part.counts for part in parts], format="csr"),
            np.vstack([part.features for part in parts]),
        ),
        {head: np.concatenate(found) for head, found in labels.items()},
        np.concatenate(folds),
        texts,
    )


def pick(inputs: Inputs, which: npt.NDArray[Any]) -> Inputs:
    """The chosen rows of `inputs`."""
    return Inputs(inputs.counts[which], inputs.features[which])


def present_in(inputs: Inputs) -> Ints:
    """In how many rows each bucket stands, [BUCKETS]."""
    return np.bincount(inputs.counts.indices, minlength=BUCKETS)


def make_design(
    present: Ints, rows: int, features: Floats, classes: int, parameters: ModelParameters
) -> Design:
    """The design of `rows` rows in which the buckets stand `present` times; `classes` are of all heads.

    The terms are those in at least `least_rows` rows, the most frequent ones first, within the bounds of
    the parameters. idf = ln((1 + rows) / (1 + rows with the term)) + 1, as scikit-learn has it.
    """
    most = min(parameters.most_terms, max(1, parameters.most_weights // classes))
    kept = (
        np.flatnonzero(present >= parameters.least_rows) if parameters.ngrams else np.empty(0, dtype=np.int64)
    )
    if len(kept) > most:
        kept = np.sort(kept[np.argsort(-present[kept], kind="stable")[:most]])
    terms = Terms(kept, np.log((1.0 + rows) / (1.0 + present[kept])) + 1.0)
    return Design(terms, fit_scaling(features), parameters.feature_weight)
