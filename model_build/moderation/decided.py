"""What the served policy does with the posts of the test split."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lambdas.content.policies import POLICIES
from lambdas.content.verdict import OUTCOMES, outcomes
from model_build.decided import Decisions
from model_build.moderation.task import bounds_in, unsaid
from model_build.predictions import Predictions
from model_build.task import HeadCalibration
from model_build.thresholds import Thresholds

ALLOW, REVIEW, REMOVE = range(len(OUTCOMES))


def decisions(
    tested: Predictions, calibrated: Mapping[str, HeadCalibration], thresholds: Mapping[str, Thresholds]
) -> Decisions:
    """One a post, as `lambdas.content.verdict.judge` makes it; all policies have labels."""
    bounds = {policy: bounds_in(policy, thresholds[policy]) for policy in POLICIES}
    silence = unsaid(tested)
    probabilities = np.stack(
        [calibrated[policy].calibration.probabilities(tested.logits[policy])[:, 1] for policy in POLICIES],
        axis=1,
    )
    done = outcomes(bounds, probabilities, silence)
    remove = np.array([bounds[policy].remove for policy in POLICIES])
    said = np.where(silence & ~silence.all(axis=1, keepdims=True), -1.0, probabilities)
    removed = np.where(probabilities >= remove, said, -1.0).max(axis=1)
    highest = said.max(axis=1)
    sure = np.where(
        done == REMOVE, removed, np.where(done == ALLOW, 1 - highest, np.maximum(highest, 1 - highest))
    )
    broken = np.stack([tested.labels[policy] == 1 for policy in POLICIES], axis=1).any(axis=1)
    return Decisions(
        outcomes=OUTCOMES,
        outcome=done,
        review=done == REVIEW,
        confidence=np.clip(sure, 0.0, 1.0),
        claimed=done != REVIEW,
        right=broken == (done == REMOVE),
    )
