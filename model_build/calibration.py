"""Calibration: scores become probabilities that can be believed."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

Method = Literal["temperature", "temperature and bias"]

SHARPEST, FLATTEST = 1e-3, 1e3
"""The limits of a temperature: perfectly separated rows would drive it to 0."""
BIAS_PENALTY: Final = 0.5
"""Strength of the Gaussian prior on the biases, in rows: it holds the bias of a rare class near 0."""
FOLDS: Final = 5
LEAST_ROWS_A_CLASS: Final = 10

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


class Calibration(msgspec.Struct, frozen=True):
    """What makes a head's scores probabilities: softmax(scores / temperature + bias).

    `bias` has one value a class, all 0 when a temperature alone is enough. `log_losses` are the held-out
    log-losses that the choice was made by, the uncalibrated scores' among them.
    """

    temperature: float
    bias: list[float]
    method: Method
    log_losses: dict[str, float]

    def probabilities(self, scores: Floats) -> Floats:
        """Calibrated probabilities of `scores`, [rows, classes], in double precision."""
        return softmax(self.scale(scores))

    def scale(self, scores: Floats) -> Floats:
        """The calibrated logits of `scores`, [rows, classes]."""
        scaled: Floats = scores.astype(np.float64) / self.temperature + np.asarray(self.bias)
        return scaled


def softmax(logits: Floats) -> Floats:
    """The probabilities of `logits`, [rows, classes], in double precision."""
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares


def row_losses(logits: Floats, labels: Ints) -> Floats:
    """The log-loss of each row, [rows], in nats, from logits [rows, classes]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    losses: Floats = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return losses


def fit_temperature(scores: Floats, labels: Ints) -> float:
    """The temperature with the least log-loss on held-out rows (Guo et al. 2017, ICML, section 4.2).

    The loss is convex in 1 / temperature, so the search over its logarithm has one minimum.
    """
    double = scores.astype(np.float64)

    def loss(log_temperature: float) -> float:
        return float(row_losses(double / np.exp(log_temperature), labels).mean())

    found = minimize_scalar(
        loss, bounds=(np.log(SHARPEST), np.log(FLATTEST)), method="bounded", options={"xatol": 1e-9}
    )
    return float(np.exp(found.x))


def fit_temperature_and_bias(scores: Floats, labels: Ints) -> tuple[float, Floats]:
    """Temperature and a bias for each class with the least log-loss, the biases adding up to 0.

    Bias-corrected temperature scaling (Alexandari, Kundaje and Shrikumar 2020, ICML). The biases undo
    what class weights in training did to the shares of the classes.
    """
    double, rows = scores.astype(np.float64), np.arange(len(labels))
    start = 1.0 / fit_temperature(double, labels)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        sharpness, bias = parameters[0], parameters[1:]
        logits = sharpness * double + bias
        error = softmax(logits)
        value = row_losses(logits, labels).sum() + BIAS_PENALTY * (bias @ bias)
        error[rows, labels] -= 1.0
        slope = np.concatenate([[(error * double).sum()], error.sum(axis=0) + 2 * BIAS_PENALTY * bias])
        return value / len(rows), slope / len(rows)

    found = minimize(
        loss,
        np.concatenate([[start], np.zeros(double.shape[1])]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(1 / FLATTEST, 1 / SHARPEST), *[(None, None)] * double.shape[1]],
    )
    bias = found.x[1:]
    return float(1.0 / found.x[0]), bias - bias.mean()


def fit_calibration(scores: Floats, labels: Ints, *, seed: int) -> Calibration:
    """The calibration of a head from its scores on the calibrate split, [rows, classes].

    A temperature alone, unless biases have a lower log-loss on held-out folds of the split by more than
    one standard error of the difference; they are not tried with too few rows for each class.
    """
    rows, classes = scores.shape
    losses = {"uncalibrated": float(row_losses(scores, labels).mean())}
    folds = np.random.default_rng(seed).permutation(rows) % FOLDS
    if rows >= max(LEAST_ROWS_A_CLASS * classes, 2 * FOLDS):
        plain, biased = _held_out(scores, labels, folds)
        losses |= {"temperature": float(plain.mean()), "temperature and bias": float(biased.mean())}
        gain = plain - biased
        if gain.mean() > gain.std(ddof=1) / np.sqrt(rows):
            temperature, bias = fit_temperature_and_bias(scores, labels)
            return Calibration(temperature, bias.tolist(), "temperature and bias", losses)
    temperature = fit_temperature(scores, labels)
    if "temperature" not in losses:
        losses["temperature"] = float(row_losses(scores / temperature, labels).mean())
    return Calibration(temperature, [0.0] * classes, "temperature", losses)


def _held_out(scores: Floats, labels: Ints, folds: Ints) -> tuple[Floats, Floats]:
    """The held-out loss of each row by either method, each [rows]."""
    plain, biased = np.empty(len(labels)), np.empty(len(labels))
    for fold in range(FOLDS):
        fit, held = folds != fold, folds == fold
        plain[held] = row_losses(scores[held] / fit_temperature(scores[fit], labels[fit]), labels[held])
        temperature, bias = fit_temperature_and_bias(scores[fit], labels[fit])
        biased[held] = row_losses(scores[held] / temperature + bias, labels[held])
    return plain, biased
