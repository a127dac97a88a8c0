"""Two ways to the weights of one head, behind the same face: both fit a logistic regression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

TOLERANCE: Final = 1e-4
ALPHA: Final = 1e-6
"""The streaming solver's penalty. Its regularisation is that it looks at few rows often or many once."""
ABSENT: Final = 10.0
"""How far below the least likely class a class lies that had no rows."""


class Solver(Protocol):
    """A linear classifier. weights: [columns, classes]; bias: [classes]."""

    @property
    def weights(self) -> Floats:
        """[columns, classes]."""

    @property
    def bias(self) -> Floats:
        """[classes]."""


@dataclass(frozen=True)
class Exact:
    """What the exact solver found."""

    weights: Floats
    bias: Floats

    def scores(self, matrix: sp.csr_matrix | Floats) -> Floats:
        """Scores [rows, classes]."""
        found: Floats = matrix @ self.weights + self.bias
        return found


def exact_path(
    matrix: sp.csr_matrix | Floats,
    labels: Ints,
    class_weights: Floats,
    *,
    regularisation: tuple[float, ...],
    iterations: int,
) -> list[Exact]:
    """Multinomial logistic regressions on all rows at once, by L-BFGS, one for each C in `regularisation`.

    Each starts where the one before it ended, so give the smallest C first. It stops at `iterations`
    at the latest: further ones change the probabilities less than other data would. A row counts as much
    as its class does in `class_weights`, [classes].
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    model = LogisticRegression(max_iter=iterations, tol=TOLERANCE, warm_start=True)
    present = np.unique(labels)
    found = []
    # One thread: the sums of several are in no fixed order, and the bundle's hash would depend on it.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for c in regularisation:
            model.set_params(C=c).fit(matrix, labels, sample_weight=class_weights[labels])
            weights, bias = _one_a_class(model.coef_, model.intercept_)
            found.append(Exact(*_in_place(weights, bias, present, len(class_weights))))
    return found


def exact(
    matrix: sp.csr_matrix | Floats, labels: Ints, class_weights: Floats, *, c: float, iterations: int
) -> Exact:
    """The multinomial logistic regression with `c`; see `exact_path`."""
    return exact_path(matrix, labels, class_weights, regularisation=(c,), iterations=iterations)[0]


class Streaming:
    """A logistic regression for each class against the rest, by averaged stochastic gradient descent.

    Learns batch by batch. The step is constant, which averaging allows (Polyak and Juditsky 1992); rows
    have length near 1, so that one step suits all data.
    """

    def __init__(self, class_weights: Floats, *, step: float, seed: int) -> None:
        from sklearn.linear_model import SGDClassifier

        self._class_weights = class_weights
        self._model = SGDClassifier(
            loss="log_loss",
            alpha=ALPHA,
            average=True,
            random_state=seed,
            learning_rate="constant",
            eta0=step,
        )

    def learn(self, matrix: sp.csr_matrix, labels: Ints) -> None:
        """Look once at every row of `matrix`, in a seeded random order."""
        self._model.partial_fit(
            matrix,
            labels,
            classes=np.arange(len(self._class_weights)),
            sample_weight=self._class_weights[labels],
        )

    @property
    def weights(self) -> Floats:
        """[columns, classes]."""
        return _one_a_class(self._model.coef_, self._model.intercept_)[0].T

    @property
    def bias(self) -> Floats:
        """[classes]."""
        return _one_a_class(self._model.coef_, self._model.intercept_)[1]

    def scores(self, matrix: sp.csr_matrix) -> Floats:
        """Scores [rows, classes]."""
        found: Floats = matrix @ self.weights + self.bias
        return found


def _one_a_class(weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """([classes, columns], [classes]). With two classes scikit-learn keeps one row, their difference."""
    if weights.shape[0] > 1:
        return weights, bias
    return np.vstack([-weights / 2, weights / 2]), np.concatenate([-bias / 2, bias / 2])


def _in_place(weights: Floats, bias: Floats, present: Ints, classes: int) -> tuple[Floats, Floats]:
    """[columns, classes] and [classes], with the classes that had rows in their places."""
    spread = np.zeros((weights.shape[1], classes))
    shifted = np.full(classes, float(bias.min()) - ABSENT)
    spread[:, present] = weights.T
    shifted[present] = bias
    return spread, shifted
