"""The meta-model: a logistic regression on the logits of the four scores."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from model_build.transactions.graph import Meta
from model_build.transactions.members import MODELS, clipped

Floats = npt.NDArray[np.floating[Any]]


class Belief(NamedTuple):
    """The weights that the data has to argue against: a third for each supervised model, `isolation` for
    the isolation forest, whose logits span about 2 where the others' span 15; and how strongly, `ridge`."""

    ridge: float
    isolation: float = 0.0

    @property
    def weights(self) -> Floats:
        """One a model, in the order of MODELS."""
        return np.array([1 / 3, 1 / 3, 1 / 3, self.isolation])

    def __str__(self) -> str:
        return f"ensemble, ridge {self.ridge:g}, isolation {self.isolation:g}"


def fit_meta(logits: Floats, fraud: npt.NDArray[np.bool_], weights: Floats, belief: Belief) -> Meta:
    """The weights, none below 0, and the bias with the least log-loss on `logits`, [rows, models].

    They are drawn to the `belief`: few frauds cannot tell much about which model to believe. Weights that
    cannot be negative make a stack that does not bet one model against another (Breiman 1996, "Stacked
    regressions").
    """
    seen, truth = clipped(logits), fraud.astype(np.float64)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        w, bias = parameters[:-1], parameters[-1]
        z = seen @ w + bias
        away = w - belief.weights
        value = (weights * (np.logaddexp(0.0, z) - truth * z)).sum() + 0.5 * belief.ridge * (away @ away)
        error = weights * (1.0 / (1.0 + np.exp(-z)) - truth)
        return float(value), np.append(seen.T @ error + belief.ridge * away, error.sum())

    bounds = [(0.0, None)] * len(MODELS) + [(None, None)]
    found = minimize(loss, np.append(belief.weights, 0.0), jac=True, method="L-BFGS-B", bounds=bounds)
    return Meta(found.x[:-1], float(found.x[-1]))
