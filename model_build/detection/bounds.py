"""Up to which probability to approve and from which to decline: what costs least on the calibrate split."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from model_build.detection.costs import FraudCosts
from model_build.thresholds import NEVER

CUTS: Final = 400
"""How many places are tried for each bound."""
BELIEVED: Final = 50.0

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Bounds(NamedTuple):
    """Approved up to `approve`, declined from `decline`; people decide between them."""

    approve: float
    decline: float

    def declined(self, probabilities: Floats) -> Bools:
        """Which rows are declined."""
        return np.asarray(probabilities >= self.decline)

    def reviewed(self, probabilities: Floats) -> Bools:
        """Which rows a person looks at."""
        return np.asarray((probabilities > self.approve) & (probabilities < self.decline))

    def cost(self, probabilities: Floats, fraud: Bools, amounts: Floats, costs: FraudCosts) -> Floats:
        """What each row costs, [rows]."""
        acted = np.where(
            self.declined(probabilities), costs.declining(fraud), costs.approving(fraud, amounts)
        )
        return np.where(self.reviewed(probabilities), costs.review, acted)


def cheapest_bounds(probabilities: Floats, fraud: Bools, amounts: Floats, costs: FraudCosts) -> Bounds:
    """The bounds with the least cost over rows of `probabilities` of fraud, [rows].

    Every pair of CUTS places, dense among the highest probabilities, is tried, as far as people have the
    time; of equally cheap pairs the one with the fewest reviews is taken. A bound lies halfway between the
    two probabilities that it parts. Few frauds say little, so the truth is mixed with what the calibrated
    probabilities say: f frauds count as much as f / (f + BELIEVED).
    """
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order].astype(np.float64)
    rows = len(ranked)
    cuts = _cuts(ranked)
    trust = fraud.sum() / (fraud.sum() + BELIEVED)
    likely = trust * fraud + (1.0 - trust) * probabilities
    approving = np.r_[0.0, np.cumsum(costs.approving(likely, amounts)[order])]
    declining = np.r_[0.0, np.cumsum(costs.declining(likely)[order])]
    # [declined, looked at or declined]: the first `declined` rows are declined, the next go to people.
    declined, alarmed = cuts[:, None], cuts[None, :]
    looked = alarmed - declined
    total = declining[declined] + costs.review * looked + (approving[rows] - approving[alarmed])
    possible = (looked >= 0) & (looked <= costs.most_review_share * rows)
    total = np.where(possible, total + 1e-9 * looked, np.inf)
    place = int(np.argmin(total))
    chosen = np.unravel_index(place, total.shape)
    decline = _between(ranked, int(cuts[chosen[0]]))
    return Bounds(min(_between(ranked, int(cuts[chosen[1]])), decline), decline)


def _cuts(ranked: Floats) -> Ints:
    """How many of the highest rows may be cut off: rows of one probability stay together."""
    rows = len(ranked)
    wanted = np.unique(np.r_[0, np.geomspace(1, rows, CUTS).astype(np.int64), rows])
    ends = np.r_[0, np.flatnonzero(ranked[1:] < ranked[:-1]) + 1, rows]
    return np.unique(ends[np.searchsorted(ends, wanted)])


def _between(ranked: Floats, above: int) -> float:
    """A probability that parts the highest `above` rows from the others."""
    if above == 0:
        return NEVER
    if above == len(ranked):
        return float(ranked[-1]) / 2
    return float((ranked[above - 1] + ranked[above]) / 2)
