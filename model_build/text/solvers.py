"""Two ways to the weights of one head, behind the same face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


STEP: Final = 0.1
"""The constant step of the averaged descent. Rows have a length near 1.4, so one step suits all data: with
scikit-learn's "optimal" schedule the first steps are so long that their average never recovers."""
MOST_PULL: Final = 4.0
"""Bounds a row's weight times its squared length. The squared hinge diverges where STEP times that reaches 1,
which a single row does whose rare feature lies a hundred deviations from the mean."""


class Solver(Protocol):
    """A linear classifier. weights: [columns, classes]; bias: [classes]."""

    @property
    def weights(self) -> Floats: ...

    @property
    def bias(self) -> Floats: ...

    def scores(self, matrix: sp.csr_matrix) -> Floats:
        """Scores [rows, classes]."""


@dataclass(frozen=True)
class Exact:
    """A classifier fitted on all rows at once. weights: [columns, classes]; bias: [classes]."""

    weights: Floats
    bias: Floats

    def scores(self, matrix: sp.csr_matrix | Floats) -> Floats:
        """Scores [rows, classes]."""
        found: Floats = matrix @ self.weights + self.bias
        return found


def in_memory(
    matrix: sp.csr_matrix,
    labels: Ints,
    classes: int,
    *,
    c: float,
    weights: Mapping[int, float],
    seed: int,
    rows: Floats | None = None,
) -> Exact:
    """A linear SVM for each class against the rest. A class without rows scores below all others.

    `weights` are by class, `rows` by row, [rows]; they multiply.
    """
    from sklearn.svm import LinearSVC

    present = np.unique(labels)
    model = LinearSVC(C=c, class_weight={k: weights[int(k)] for k in present}, random_state=seed)
    model.fit(matrix, labels, sample_weight=rows)
    found, bias = _both(model.coef_, model.intercept_)
    return Exact(*_spread(found, bias, present, classes))


def logistic(
    matrix: Floats,
    labels: Ints,
    classes: int,
    *,
    c: float,
    weights: Mapping[int, float],
    iterations: int,
    rows: Floats | None = None,
) -> Exact:
    """A multinomial logistic regression on dense columns, [rows, columns]; weights as of `in_memory`."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    present = np.unique(labels)
    model = LogisticRegression(C=c, class_weight={k: weights[int(k)] for k in present}, max_iter=iterations)
    # One thread: several add up in no fixed order, and the bundle's hash would depend on it.
    with threadpool_limits(1):
        model.fit(matrix, labels, sample_weight=rows)
    found, bias = _both(model.coef_, model.intercept_)
    return Exact(*_spread(found, bias, present, classes))


class Streaming:
    """The same model by averaged stochastic gradient descent, a batch at a time."""

    def __init__(self, classes: int, rows: int, *, c: float, weights: Mapping[int, float], seed: int) -> None:
        from sklearn.linear_model import SGDClassifier

        self._classes = np.arange(classes)
        self._weights = np.array([weights[k] for k in range(classes)])
        self._model = SGDClassifier(
            loss="squared_hinge",
            alpha=1.0 / (c * rows),
            average=True,
            random_state=seed,
            learning_rate="constant",
            eta0=STEP,
        )

    def learn(self, matrix: sp.csr_matrix, labels: Ints) -> None:
        """One pass over a batch."""
        squares = np.maximum(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel(), 1e-12)
        weights = np.minimum(self._weights[labels], MOST_PULL / squares)
        self._model.partial_fit(matrix, labels, classes=self._classes, sample_weight=weights)

    @property
    def weights(self) -> Floats:
        """[columns, classes]."""
        return _both(self._model.coef_, self._model.intercept_)[0].T

    @property
    def bias(self) -> Floats:
        """[classes]."""
        return _both(self._model.coef_, self._model.intercept_)[1]

    def scores(self, matrix: sp.csr_matrix) -> Floats:
        """Scores [rows, classes]."""
        found: Floats = matrix @ self.weights + self.bias
        return found


def out_of_core(classes: int, rows: int, *, c: float, weights: Mapping[int, float], seed: int) -> Streaming:
    """A solver that learns batch by batch from `rows` rows in all; `c` as for `in_memory`."""
    return Streaming(classes, rows, c=c, weights=weights, seed=seed)


def _both(weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """With two classes scikit-learn keeps one row; this gives one a class."""
    if weights.shape[0] > 1:
        return weights, bias
    return np.vstack([-weights / 2, weights / 2]), np.concatenate([-bias / 2, bias / 2])


def _spread(weights: Floats, bias: Floats, present: Ints, classes: int) -> tuple[Floats, Floats]:
    """[columns, classes] with the classes that had rows in their places."""
    spread = np.zeros((weights.shape[1], classes))
    shifted = np.full(classes, bias.min() - 10.0)
    spread[:, present] = weights.T
    shifted[present] = bias
    return spread, shifted
