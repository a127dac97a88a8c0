"""What the policy does with the test split is what the served policy would do."""

from __future__ import annotations

import numpy as np
import pytest

from lambdas.content.policies import CHANNELS, POLICIES
from lambdas.content.verdict import Bounds, judge
from model_build.calibration import Calibration
from model_build.decided import Decisions, counted
from model_build.moderation.decided import decisions
from model_build.moderation.task import SIGNALS, thresholds_of
from model_build.predictions import Predictions
from model_build.task import HeadCalibration

pytestmark = pytest.mark.unit


def test_counts_by_confidence() -> None:
    found = counted(
        Decisions(
            outcomes=("approve", "review"),
            outcome=np.array([0, 0, 1]),
            review=np.array([False, False, True]),
            confidence=np.array([0.97, 1.0, 0.6]),
            claimed=np.array([True, True, False]),
            right=np.array([True, False, True]),
        )
    )
    assert (found.rows, found.outcomes, found.review) == (3, {"approve": 2, "review": 1}, 1)
    assert found.confidence[19] == found.claimed[19] == 2 and found.right[19] == 1
    assert found.confidence[12] == 1 and sum(found.claimed) == 2


def test_posts_are_decided_as_they_are_served() -> None:
    rng = np.random.default_rng(3)
    rows, bounds = 400, Bounds(0.3, 0.8)
    logits = {policy: np.stack([np.zeros(rows), rng.normal(0, 2.5, rows)], axis=1) for policy in POLICIES}
    signals = np.where(rng.random((rows, len(POLICIES), len(CHANNELS))) < 0.85, np.nan, 1.0)
    tested = Predictions(
        logits=logits,
        labels={policy: rng.integers(0, 2, rows) for policy in POLICIES},
        rows=np.arange(rows),
        languages=[""] * rows,
        beside={SIGNALS: signals.reshape(rows, -1)},
    )
    calibrated = {policy: HeadCalibration(plain(), None) for policy in POLICIES}
    found = decisions(tested, calibrated, {policy: thresholds_of(policy, bounds) for policy in POLICIES})
    probabilities = {p: calibrated[p].calibration.probabilities(logits[p])[:, 1] for p in POLICIES}
    unsaid = np.isnan(signals).all(axis=2)
    for row in range(rows):
        silent = [policy for k, policy in enumerate(POLICIES) if unsaid[row, k]]
        served = judge(
            dict.fromkeys(POLICIES, bounds),
            {p: float(probabilities[p][row]) for p in POLICIES},
            unsaid=silent,
        )
        assert served.outcome == found.outcomes[found.outcome[row]]
        assert served.confidence == pytest.approx(found.confidence[row], abs=1e-12)


def plain() -> Calibration:
    """Leaves probabilities as they are."""
    return Calibration(temperature=1.0, bias=[0.0, 0.0], method="temperature", log_losses={})
