"""Heads on media: trained only where there is enough, and the same as a graph."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from sklearn.metrics import roc_auc_score

from lambdas.content.policies import MOST, POLICIES
from model_build.content.media_head import build, fit_media, worth_training
from model_build.content.parameters import MediaParameters

PARAMETERS = MediaParameters(least_rows=100, least_broken=20)


def media(rows: int, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 12)).astype(np.float32) * 3 + 5
    features[:, 11] = 7.0
    labels = {
        "toxicity": (rng.random(rows) < 0.02).astype(np.int64),
        "sexual": (features[:, 0] + features[:, 1] + rng.normal(size=rows) > 11).astype(np.int64),
        "violence": (features[:, 2] > 5).astype(np.int64),
    }
    return features, labels


def test_a_head_is_trained_where_there_are_enough_of_both_kinds() -> None:
    _, labels = media(200, 1)
    assert worth_training(labels, PARAMETERS) == ("sexual", "violence")
    assert worth_training({name: own[:99] for name, own in labels.items()}, PARAMETERS) == ()
    assert worth_training({"sexual": 1 - labels["toxicity"]}, PARAMETERS) == ()
    assert worth_training({}, PARAMETERS) == ()


def test_it_tells_what_can_be_told_and_nothing_else() -> None:
    features, labels = media(600, 2)
    head = fit_media(
        features[:400], {name: own[:400] for name, own in labels.items()}, ("sexual", "violence"), PARAMETERS
    )
    said = head.logits(features[400:])
    for policy in head.policies:
        assert roc_auc_score(labels[policy][400:], said[:, POLICIES.index(policy)]) > 0.9
    assert (said[:, [POLICIES.index("toxicity"), POLICIES.index("threat")]] == 0).all()


def test_the_graph_is_the_head() -> None:
    features, labels = media(300, 3)
    head = fit_media(features, labels, ("sexual", "violence"), PARAMETERS)
    session = onnxruntime.InferenceSession(
        build(head).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    rows = np.concatenate([features, 100 * features[:5]])
    found = session.run(["logits"], {"features": rows})[0]
    assert found.shape == (305, len(POLICIES)) and np.abs(found).max() <= MOST
    assert found == pytest.approx(head.logits(rows), abs=1e-4)


def test_a_fold_of_one_kind_says_its_share() -> None:
    features, labels = media(150, 4)
    head = fit_media(features, {"sexual": np.zeros(150, dtype=np.int64)}, ("sexual",), PARAMETERS)
    assert head.logits(features[:1])[0, POLICIES.index("sexual")] == pytest.approx(np.log(0.01 / 0.99))
    assert labels["sexual"].any()
