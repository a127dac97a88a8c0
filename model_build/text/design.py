"""What the solvers are given: which n-grams count, and the rows as one sparse matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp

from lambdas.core.ngrams import BUCKETS
from model_build.dataset import Batch, Dataset
from model_build.text.inputs import Inputs
from model_build.text.parameters import ModelParameters
from model_build.text.weights import Ints, Scaling, Terms, fit_scaling


def prepare(inputs: Inputs, dataset: Dataset, parameters: ModelParameters) -> tuple[Terms, Scaling]:
    """The terms and the scaling that `inputs` show."""
    present = np.bincount(inputs.counts.indices, minlength=BUCKETS)
    return keep(present, inputs.counts.shape[0], dataset, parameters), fit_scaling(inputs.features)


def keep(present: Ints, rows: int, dataset: Dataset, parameters: ModelParameters) -> Terms:
    """The terms in at least `least_rows` rows, the most frequent of them within the parameters' bounds.

    idf = ln((1 + rows) / (1 + rows with the term)) + 1, as scikit-learn has it.
    """
    kept = np.flatnonzero(present >= parameters.least_rows)
    classes = sum(map(len, dataset.classes.values()))
    most = min(parameters.most_terms, max(1, parameters.most_weights // classes))
    if len(kept) > most:
        kept = np.sort(kept[np.argsort(-present[kept], kind="stable")[:most]])
    return Terms(kept, np.log((1.0 + rows) / (1.0 + present[kept])) + 1.0)


def matrix(inputs: Inputs, terms: Terms, scaling: Scaling, parameters: ModelParameters) -> sp.csr_matrix:
    """What the solvers see: the terms, then the weighted hand-made features."""
    features = sp.csr_matrix(parameters.feature_weight * scaling.apply(inputs.features))
    return sp.hstack([terms.values(inputs.counts), features]).tocsr()


def sample(dataset: Dataset, rows: int) -> Iterator[Batch]:
    """The first `rows` training rows: the shards are in random order."""
    left = rows
    for batch in dataset.batches("train"):
        yield batch.first(left)
        left -= len(batch)
        if left <= 0:
            return


def stack(parts: list[Inputs]) -> Inputs:
    """The rows of `parts`, one after the other."""
    return Inputs(
        sp.vstack([part.counts for part in parts]).tocsr(), np.vstack([part.features for part in parts])
    )


def rows_of(inputs: Inputs, which: np.ndarray[Any, Any]) -> Inputs:
    """The rows of `inputs` where `which` says so."""
    return Inputs(inputs.counts[which], inputs.features[which])


def class_weights(dataset: Dataset, parameters: ModelParameters, head: str) -> dict[int, float]:
    """What a row of each class of `head` counts."""
    given = parameters.class_weights.get(head, {})
    return {k: float(given.get(name, 1.0)) for k, name in enumerate(dataset.classes[head])}
