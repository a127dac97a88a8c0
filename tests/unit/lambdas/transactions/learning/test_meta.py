"""The update of the meta-model, and the gate that it must pass."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from lambdas.core.errors import BundleError
from lambdas.transactions.learning.holdout import Holdout
from lambdas.transactions.learning.meta import Meta, average_precision, logits_of, noise_in, sigmoid, updated

TRUE = Meta(np.array([0.2, 0.9, 0.3, 0.0]), -1.0)
WRONG = Meta(np.array([1.2, 0.0, 0.0, 0.3]), -0.5)


def drawn(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of four models and whether it was fraud, by TRUE."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(-3.0, 2.0, size=(rows, 1))
    logits = np.clip(hidden + rng.normal(scale=1.5, size=(rows, 4)), -10, 10)
    return 1.0 / (1.0 + np.exp(-logits)), rng.random(rows) < TRUE.probabilities(logits)


def holdout(seed: int = 1, rows: int = 6_000) -> Holdout:
    scores, fraud = drawn(rows, seed)
    data = {"scores": scores.tolist(), "fraud": fraud.astype(int).tolist(), "amount": [1.0] * rows}
    return Holdout(json.dumps(data).encode())


def flipped(fraud: np.ndarray, share: float, seed: int) -> np.ndarray:
    return fraud ^ (np.random.default_rng(seed).random(len(fraud)) < share)


def test_average_precision_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        fraud, scored = rng.random(300) < 0.1, np.round(rng.random(300), 2)
        assert average_precision(fraud, scored) == pytest.approx(average_precision_score(fraud, scored))
    assert average_precision(np.zeros(3, dtype=bool), np.ones(3)) == 0.0


def test_many_labels_lead_to_the_regression_that_scikit_learn_finds() -> None:
    scores, fraud = drawn(60_000, 2)
    logits = logits_of(scores)
    ours = updated(WRONG, logits, fraud, logits[:100])
    theirs = LogisticRegression(C=1e6, tol=1e-8).fit(logits, fraud)
    assert ours.weights == pytest.approx(np.maximum(theirs.coef_[0], 0.0), abs=0.03)
    assert ours.bias == pytest.approx(theirs.intercept_[0], abs=0.05)


def test_few_labels_change_little_and_none_nothing() -> None:
    scores, fraud = drawn(5, 2)
    usual = logits_of(drawn(1_000, 3)[0])
    moved = updated(WRONG, logits_of(scores), fraud, usual).probabilities(usual) - WRONG.probabilities(usual)
    assert np.abs(moved).mean() < 0.03
    same = updated(WRONG, logits_of(scores)[:0], fraud[:0], usual)
    assert same.weights == pytest.approx(WRONG.weights)
    assert same.bias == pytest.approx(WRONG.bias)


def test_no_model_is_turned_against_the_others() -> None:
    scores, fraud = drawn(5_000, 4)
    logits = logits_of(scores)
    against = np.column_stack((logits[:, :3], -logits[:, 1]))
    assert (updated(WRONG, against, fraud, logits[:200]).weights >= 0.0).all()


def test_drift_in_the_scores_lets_a_better_one_through() -> None:
    held = holdout()
    scores, fraud = drawn(600, 5)
    found = held.compare(WRONG, updated(WRONG, logits_of(scores), fraud, held.logits))
    assert found.better, found
    assert found.candidate_precision > found.champion_precision + 0.02
    assert found.candidate_loss < found.champion_loss


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("champion", [TRUE, WRONG], ids=["good", "poor"])
def test_poisoned_labels_do_not_get_through(seed: int, champion: Meta) -> None:
    held = holdout()
    scores, fraud = drawn(1_000, 10 + seed)
    candidate = updated(champion, logits_of(scores), flipped(fraud, 0.3, seed), held.logits)
    found = held.compare(champion, candidate)
    assert not found.better, found


@pytest.mark.parametrize("champion", [TRUE, WRONG], ids=["good", "poor"])
@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0.0, 0.02), (0.3, 0.2, 0.36)])
def test_flipped_labels_are_seen_whatever_the_champion(
    champion: Meta, share: float, least: float, most: float
) -> None:
    usual = holdout().logits
    for seed in range(5):
        scores, fraud = drawn(200, 50 + seed)
        noise = noise_in(champion, logits_of(scores), flipped(fraud, share, seed), usual)
        assert least <= noise <= most


@pytest.mark.parametrize("seed", range(8))
def test_a_champion_that_is_right_is_left_alone(seed: int) -> None:
    held = holdout()
    scores, fraud = drawn(600, 30 + seed)
    assert not held.compare(TRUE, updated(TRUE, logits_of(scores), fraud, held.logits)).better


def test_a_holdout_with_few_frauds_lets_nothing_through() -> None:
    held = holdout(rows=20)
    assert not held.compare(WRONG, TRUE).better


def test_what_is_no_holdout_is_refused() -> None:
    for data in (b"{", b'{"scores": [[1, 2]], "fraud": [1]}', b'{"scores": [], "fraud": [1]}'):
        with pytest.raises(BundleError):
            Holdout(data)


def test_the_sigmoid_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]
