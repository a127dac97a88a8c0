"""Calibration: scores become probabilities that can be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

Method = Literal[
    "temperature", "temperature and bias", "temperature and floor", "temperature, bias and floor"
]

SHARPEST, FLATTEST = 1e-3, 1e3
"""The limits of a temperature: perfectly separated rows would drive it to 0."""
BIAS_PENALTY: Final = 0.5
"""Strength of the Gaussian prior on the biases, in rows: it holds the bias of a rare class near 0."""
LEAST_NOISE, MOST_NOISE = 0.005, 0.5
"""A smaller floor is none, and more noise is no label."""
FLOOR_ROWS: Final = 5_000
"""Two numbers are fitted: more rows would only take longer."""
FOLDS: Final = 5
LEAST_ROWS_A_CLASS: Final = 10

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


class Calibration(msgspec.Struct, frozen=True):
    """What makes a head's scores probabilities: (1 - floor) softmax(scores / temperature + bias) + floor / n.

    `bias` has one value a class, all 0 when a temperature alone is enough. `floor` is the share of the
    labels that are wrong whatever the text says, spread over the n classes: without it the surest
    answers promise more than noisy labels can keep. `log_losses` are the held-out log-losses that the
    choice was made by, the uncalibrated scores' among them.
    """

    temperature: float
    bias: list[float]
    method: Method
    log_losses: dict[str, float]
    floor: float = 0.0

    def probabilities(self, scores: Floats) -> Floats:
        """Calibrated probabilities of `scores`, [rows, classes], in double precision."""
        return softmax(self.scale(scores))

    def scale(self, scores: Floats) -> Floats:
        """The calibrated logits of `scores`, [rows, classes]: their softmax is `probabilities`."""
        scaled: Floats = scores.astype(np.float64) / self.temperature + np.asarray(self.bias)
        return mixed(scaled, self.floor) if self.floor else scaled


def softmax(logits: Floats) -> Floats:
    """The probabilities of `logits`, [rows, classes], in double precision."""
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares


def mixed(logits: Floats, floor: float) -> Floats:
    """The logarithms of (1 - floor) softmax(logits) + floor / classes, [rows, classes]."""
    shares: Floats = np.log((1.0 - floor) * softmax(logits) + floor / logits.shape[1])
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


def fit_floor(logits: Floats, labels: Ints) -> tuple[float, float]:
    """(sharpness, floor) with the least log-loss of mixed(sharpness * logits, floor).

    The floor is the uniform label noise of Patrini et al. 2017 (CVPR), estimated with the temperature on
    the first FLOOR_ROWS rows.
    """
    logits, labels = logits[:FLOOR_ROWS], labels[:FLOOR_ROWS]

    def loss(parameters: Floats) -> float:
        sharpness, floor = np.exp(parameters[0]), MOST_NOISE / (1.0 + np.exp(-parameters[1]))
        return float(row_losses(mixed(sharpness * logits, floor), labels).mean())

    # Within these neither the sharpness nor the smallest share under- or overflows.
    bounds = [(np.log(1 / FLATTEST), np.log(1 / SHARPEST)), (-20.0, 20.0)]
    options = {"xatol": 1e-4, "fatol": 1e-8}
    found = minimize(loss, [0.0, -2.0], method="Nelder-Mead", bounds=bounds, options=options)
    return float(np.exp(found.x[0])), float(MOST_NOISE / (1.0 + np.exp(-found.x[1])))


def fit_calibration(scores: Floats, labels: Ints, *, seed: int, floors: bool = True) -> Calibration:
    """The calibration of a head from its scores on the calibrate split, [rows, classes].

    A temperature alone, unless biases have a lower log-loss on held-out folds of the split by more than
    one standard error of the difference; then a floor on top, by the same rule, unless `floors` forbids
    it. Neither is tried with too few rows for each class.
    """
    rows, classes = scores.shape
    losses = {"uncalibrated": float(row_losses(scores, labels).mean())}
    if rows < max(LEAST_ROWS_A_CLASS * classes, 2 * FOLDS):
        temperature = fit_temperature(scores, labels)
        losses["temperature"] = float(row_losses(scores / temperature, labels).mean())
        return Calibration(temperature, [0.0] * classes, "temperature", losses)
    folds = np.random.default_rng(seed).permutation(rows) % FOLDS
    plain, biased = (_held_out(scores, labels, folds, fit, floor=False) for fit in (_plain, _biased))
    fit = _biased if _better(plain, biased) else _plain
    name: Method = "temperature and bias" if fit is _biased else "temperature"
    if not floors:
        temperature, bias = fit(scores, labels)
        losses |= {"temperature": float(plain.mean()), "temperature and bias": float(biased.mean())}
        return Calibration(temperature, bias.tolist(), name, losses)
    floored_name: Method = "temperature, bias and floor" if fit is _biased else "temperature and floor"
    floored = _held_out(scores, labels, folds, fit, floor=True)
    losses |= {"temperature": float(plain.mean()), "temperature and bias": float(biased.mean())}
    losses[floored_name] = float(floored.mean())
    temperature, bias = fit(scores, labels)
    sharpness, floor = fit_floor(scores / temperature + bias, labels)
    if floor < LEAST_NOISE or not _better(biased if fit is _biased else plain, floored):
        return Calibration(temperature, bias.tolist(), name, losses)
    return Calibration(temperature / sharpness, (sharpness * bias).tolist(), floored_name, losses, floor)


def _plain(scores: Floats, labels: Ints) -> tuple[float, Floats]:
    return fit_temperature(scores, labels), np.zeros(scores.shape[1])


def _biased(scores: Floats, labels: Ints) -> tuple[float, Floats]:
    return fit_temperature_and_bias(scores, labels)


def _better(before: Floats, after: Floats) -> bool:
    """Whether the losses fell by more than one standard error of the difference."""
    gain = before - after
    return bool(gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)))


def _held_out(
    scores: Floats,
    labels: Ints,
    folds: Ints,
    fit: Callable[[Floats, Ints], tuple[float, Floats]],
    *,
    floor: bool,
) -> Floats:
    """The loss of each row, [rows], under what was fitted on the other folds."""
    losses: Floats = np.empty(len(labels))
    for fold in range(FOLDS):
        others, held = folds != fold, folds == fold
        temperature, bias = fit(scores[others], labels[others])
        logits: Floats = scores / temperature + bias
        if floor:
            sharpness, share = fit_floor(logits[others], labels[others])
            logits = mixed(sharpness * logits, share)
        losses[held] = row_losses(logits[held], labels[held])
    return losses
