"""The meta-model, linear in the logits of the four scores, and its update by labels."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST_LOGIT: Final = 10.0
"""As in the graph: the meta-model sees logits within +-10."""
STAY: Final = 20.0
"""How hard the update holds on to the champion, in labels: its mean squared move of the logit on the holdout
weighs as much as that many labels. So a handful of labels changes next to nothing."""
STEPS: Final = 50
ROUNDS: Final = 60


class Meta(NamedTuple):
    """Weights [4], none below 0, and the bias."""

    weights: Floats
    bias: float

    def probabilities(self, logits: Floats) -> Floats:
        """The probability of fraud of each row of `logits`, [n, 4]."""
        return sigmoid(logits @ self.weights + self.bias)


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


def logits_of(scores: npt.ArrayLike) -> Floats:
    """The logits that the meta-model sees of `scores`, [n, 4], each 0 to 1."""
    held = np.clip(np.asarray(scores, dtype=np.float64).reshape(-1, 4), 1e-12, 1.0 - 1e-12)
    return np.clip(np.log(held / (1.0 - held)), -MOST_LOGIT, MOST_LOGIT)


def updated(champion: Meta, logits: Floats, fraud: npt.NDArray[Any], usual: Floats) -> Meta:
    """The meta-model with the least log-loss on the labels that also stays near the champion on `usual`.

    Labels exist mostly for what was reviewed or declined. That choice depends on the scores alone, so what
    the labels say about a fraud's probability at given scores is not biased by it; that people also label
    more frauds than others among what was approved is for the holdout to catch.
    """
    seen = np.column_stack((logits, np.ones(len(logits))))
    around = np.column_stack((usual, np.ones(len(usual))))
    hold = STAY * (around.T @ around) / max(len(around), 1) + 1e-3 * np.eye(seen.shape[1])
    start = np.append(champion.weights, champion.bias)
    free = np.ones(len(start), dtype=bool)
    found = start
    for _ in range(len(start)):
        found = _newton(start, free, seen, fraud, hold)
        below = free & (np.append(found[:-1], 0.0) < 0.0)
        if not below.any():
            break
        free &= ~below  # at 0, and the others once more: never one model against another
    return Meta(found[:-1], float(found[-1]))


def noise_in(champion: Meta, logits: Floats, fraud: npt.NDArray[np.bool_], usual: Floats) -> float:
    """The share of the labels that are the wrong way round, estimated from what no meta-model can explain.

    The logistic model with a rate of flipped labels, by expectation-maximisation (Bootkrajang and Kabán 2012,
    https://doi.org/10.1007/978-3-642-33460-3_15): each label's probability of being flipped, and the model of
    the labels put right, in turn.
    """
    rate, meta = 0.1, champion
    truth = fraud.astype(np.float64)
    for _ in range(ROUNDS):
        p = np.clip(meta.probabilities(logits), 1e-6, 1.0 - 1e-6)
        said = np.where(fraud, p, 1.0 - p)
        wrong = rate * (1.0 - said) / (rate * (1.0 - said) + (1.0 - rate) * said)
        before, rate = rate, float(np.clip(wrong.mean(), 1e-4, 0.49))
        meta = updated(champion, logits, truth * (1.0 - wrong) + (1.0 - truth) * wrong, usual)
        if abs(rate - before) < 1e-4:
            break
    return rate


def _newton(
    start: Floats, free: npt.NDArray[np.bool_], seen: Floats, fraud: npt.NDArray[Any], hold: Floats
) -> Floats:
    """The free parameters at their best, the others 0; damped, so that it cannot run away."""
    at = np.where(free, start, 0.0)

    def loss(point: Floats) -> float:
        z = seen @ point
        away = point - start
        return float((np.logaddexp(0.0, z) - fraud * z).sum() + 0.5 * away @ hold @ away)

    for _ in range(STEPS):
        p = sigmoid(seen @ at)
        slope = (seen.T @ (p - fraud) + hold @ (at - start))[free]
        bend = ((seen * (p * (1.0 - p))[:, None]).T @ seen + hold)[np.ix_(free, free)]
        step = np.zeros(len(at))
        step[free] = -np.linalg.solve(bend, slope)
        before, size = loss(at), 1.0
        while size > 1e-4 and loss(at + size * step) > before:
            size /= 2
        if size <= 1e-4 or np.abs(step).max() < 1e-9:
            break
        at = at + size * step
    return at


def average_precision(fraud: npt.NDArray[np.bool_], scored: npt.NDArray[np.floating[Any]]) -> float:
    """The mean precision at each fraud, best score first; rows of equal score count together."""
    if not fraud.any():
        return 0.0
    order = np.argsort(-scored, kind="stable")
    hits, values = np.cumsum(fraud[order]), scored[order]
    last = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)
    found = hits[last]
    gained = np.diff(np.append(0, found))
    return float((gained * found / (last + 1)).sum() / found[-1])
