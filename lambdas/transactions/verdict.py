"""From the fraud probability to approve, review or decline, and to a risk level."""

from __future__ import annotations

from typing import NamedTuple

from lambdas.core.bundle import Head
from lambdas.core.errors import BundleError
from lambdas.transactions.schema import Outcome, RiskLevel

FRAUD, LEGITIMATE = "fraud", "legitimate"


class Bounds(NamedTuple):
    """Approved up to `approve`, declined from `decline`; between them people decide."""

    approve: float
    decline: float

    def outcome(self, probability: float) -> Outcome:
        """What is done at this probability of fraud."""
        if probability >= self.decline:
            return "decline"
        return "approve" if probability <= self.approve else "review"

    def risk_level(self, probability: float) -> RiskLevel:
        """Low is approved and critical declined; medium and high are the halves of what people look at."""
        outcome = self.outcome(probability)
        if outcome != "review":
            return "low" if outcome == "approve" else "critical"
        return "medium" if probability < (self.approve + self.decline) / 2 else "high"

    def confidence(self, probability: float) -> float:
        """The probability that the outcome is right; for a review, of the likelier class."""
        outcome = self.outcome(probability)
        if outcome == "review":
            return max(probability, 1.0 - probability)
        return probability if outcome == "decline" else 1.0 - probability

    def why_review(self, probability: float) -> list[str]:
        """The sentence for the reviewer; empty when nobody needs to look."""
        if self.outcome(probability) != "review":
            return []
        return [
            f"fraud: probability {probability:.3f} is between {self.approve:.3f}, approved up to there, "
            f"and {self.decline:.3f}, declined from there"
        ]


def bounds_of(head: Head) -> Bounds:
    """The bounds that training chose by cost. Raises BundleError when the head's classes are others."""
    if head.classes != [LEGITIMATE, FRAUD]:
        raise BundleError(f"head '{head.name}' has classes {head.classes}, not {[LEGITIMATE, FRAUD]}")
    decline = head.thresholds.get(FRAUD, 1.0)
    return Bounds(min(1.0 - head.thresholds.get(LEGITIMATE, 1.0), decline), decline)
