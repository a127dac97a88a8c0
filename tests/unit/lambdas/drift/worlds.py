"""References and windows of known distributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lambdas.drift.look import Bundle
from lambdas.drift.reference import Decided, Reference
from lambdas.observations.window import Window
from model_build.distribution import distribution
from tests.support.observations import window

OUTCOMES = ("billing", "technical", "praise", "other")
SHARES = np.array([0.4, 0.35, 0.2, 0.05])


@dataclass(frozen=True)
class World:
    """Features of several kinds: normal, skewed, a count, a flag, often missing, and one that a customer has.

    `busy`: how unequal the customers are; 0 makes every decision another's.
    """

    seed: int
    features: int = 24
    customers: int = 800
    busy: float = 1.0

    @property
    def names(self) -> list[str]:
        return [f"{kind}{k}" for k in range(self.features // 6) for kind in KINDS]

    def bundle(self, rows: int = 5_000) -> Bundle:
        rng = np.random.default_rng((self.seed, 1))
        features, _ = self.draw(rng, rows)
        told = dict(zip(self.names, (distribution(column) for column in features.T), strict=True))
        outcome, confidence, right = decisions(rng, rows)
        bins = np.minimum((confidence * 20).astype(int), 19)
        decided = Decided(
            rows=rows,
            outcomes=dict(zip(OUTCOMES, np.bincount(outcome, minlength=4).tolist(), strict=True)),
            review=int((confidence < 0.7).sum()),
            confidence=np.bincount(bins, minlength=20).tolist(),
            claimed=np.bincount(bins, minlength=20).tolist(),
            right=np.bincount(bins[right], minlength=20).tolist(),
        )
        return Bundle("tickets", "v1", Reference(1, rows, told, decisions=decided))

    def window(self, number: int, n: int, **changed: object) -> Window:
        """The n decisions of window `number`."""
        rng = np.random.default_rng((self.seed, 2, number))
        features, owner = self.draw(rng, n)
        outcome, confidence, _ = decisions(rng, n)
        made = {
            "features": features,
            "entity": owner,
            "outcome": [OUTCOMES[k] for k in outcome],
            "confidence": confidence,
            "review": confidence < 0.7,
            **changed,
        }
        return window(n, names=self.names, **made)  # type: ignore[arg-type]

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Features [n, features], and whose each row is."""
        if self.busy:
            weights = np.random.default_rng(self.seed).pareto(2.5, self.customers) * self.busy + 1.0
            owner = rng.choice(self.customers, n, p=weights / weights.sum())
        else:
            owner = rng.integers(0, 1 << 40, n)
        columns = []
        for name in self.names:
            # Whatever a customer has is the same in all of its rows, and in every window.
            own = np.random.default_rng((self.seed, int(name[-1]))).normal(size=1 << 12)[owner % (1 << 12)]
            columns.append(KINDS[name[:-1]](rng, n, own))
        return np.stack(columns, axis=1).astype(np.float32), (owner + 1).astype(np.uint64)


KINDS = {
    "normal": lambda rng, n, own: rng.normal(size=n),
    "skewed": lambda rng, n, own: rng.lognormal(size=n),
    "count": lambda rng, n, own: rng.poisson(0.7, n).astype(float),
    "flag": lambda rng, n, own: (rng.random(n) < 0.1).astype(float),
    "gone": lambda rng, n, own: np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
    "own": lambda rng, n, own: own + 0.2 * rng.normal(size=n),
}


def decisions(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, confidences, and which are right: as often as their confidence says."""
    confidence = 0.35 + 0.65 * rng.beta(5, 1.5, n)
    return rng.choice(4, n, p=SHARES), confidence, rng.random(n) < confidence
