"""Rankings against scikit-learn, and what posts cost."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score

from model_build.errors import ParametersError
from model_build.moderation.measures import rank
from model_build.moderation.worth import decode_assumptions, ways


def test_a_ranking_is_scikit_learn_s_with_an_interval_around_it() -> None:
    rng = np.random.default_rng(0)
    broken = rng.random(800) < 0.3
    probabilities = np.clip(0.3 + 0.3 * broken + 0.2 * rng.normal(size=800), 0, 1).round(2)
    found = rank("all", probabilities, broken, 1)
    assert found.f1 is not None and found.brier is not None
    expected = {
        found.auc: roc_auc_score(broken, probabilities),
        found.average_precision: average_precision_score(broken, probabilities),
        found.f1: f1_score(broken, probabilities >= 0.5),
        found.brier: brier_score_loss(broken, probabilities),
    }
    for interval, value in expected.items():
        assert interval.value == pytest.approx(value)
        assert interval.low < value < interval.high and interval.high - interval.low < 0.2
    assert (found.rows, found.broken) == (800, broken.sum())


def test_one_kind_of_row_says_nothing() -> None:
    assert rank("all", np.linspace(0, 1, 50), np.zeros(50, dtype=np.bool_), 1).auc.n == 0


def test_scores_that_are_no_probabilities_are_only_ranked() -> None:
    scores = np.linspace(-5, 5, 100)
    found = rank("peer", scores, scores > 1, 1, probabilities=False)
    assert found.auc.value == 1.0 and found.f1 is None and found.brier is None


def test_what_a_policy_costs() -> None:
    assumed = decode_assumptions({"review_minutes": 1.0, "cost_an_hour": 60.0, "missed": {"severe": 100.0}})
    ours, everything, nobody = ways(
        2_000, 200, {"severe": 1, "medium": 4}, {"severe": 10, "medium": 40}, 3, assumed
    )
    assert (ours.looked_at, ours.missed, ours.wrongly_removed) == (100, 2.5, 1.5)
    assert ours.money == pytest.approx((200 * 1.0 + 100.0 + 3 * 2.0) / 2)
    assert everything.money == pytest.approx(1_000) and nobody.money == pytest.approx(500)
    with pytest.raises(ParametersError, match="awful"):
        decode_assumptions({"missed": {"awful": 1.0}})
