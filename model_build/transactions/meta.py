"""The meta-model: a logistic regression on the logits of the four scores."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from model_build.transactions.graph import Meta
from model_build.transactions.members import MODELS, clipped

EQUAL: Final = np.array([1.0, 1.0, 1.0, 0.0]) / 3.0
"""The weights that the data has to argue against: the supervised models alike, the isolation forest none."""

Floats = npt.NDArray[np.floating[Any]]


def fit_meta(logits: Floats, fraud: npt.NDArray[np.bool_], weights: Floats, ridge: float) -> Meta:
    """The weights, none below 0, and the bias with the least log-loss on `logits`, [rows, models].

    `ridge` draws the weights to EQUAL: few frauds cannot tell much about which model to believe. Weights
    that cannot be negative make a stack that does not bet one model against another (Breiman 1996,
    "Stacked regressions").
    """
    seen, truth = clipped(logits), fraud.astype(np.float64)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        w, bias = parameters[:-1], parameters[-1]
        z = seen @ w + bias
        away = w - EQUAL
        value = (weights * (np.logaddexp(0.0, z) - truth * z)).sum() + 0.5 * ridge * (away @ away)
        error = weights * (1.0 / (1.0 + np.exp(-z)) - truth)
        return float(value), np.append(seen.T @ error + ridge * away, error.sum())

    bounds = [(0.0, None)] * len(MODELS) + [(None, None)]
    found = minimize(loss, np.append(EQUAL, 0.0), jac=True, method="L-BFGS-B", bounds=bounds)
    return Meta(found.x[:-1], float(found.x[-1]))
