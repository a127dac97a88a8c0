"""The graph says what the four libraries and the meta-model say, wherever values are missing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import pytest

from lambdas.transactions.features import FEATURE_NAMES
from model_build.calibration import Calibration
from model_build.errors import ParametersError
from model_build.transactions.forest import below, path_length
from model_build.transactions.graph import Meta, build, calibrated
from model_build.transactions.members import (
    MODELS,
    BoostParameters,
    IsolationParameters,
    Members,
    ModelParameters,
    NetworkParameters,
    clipped,
    fit_members,
    read_parameters,
)
from model_build.transactions.meta import Belief, fit_meta
from model_build.transactions.story import FEATURES

pytestmark = pytest.mark.unit

SMALL = ModelParameters(
    xgboost=BoostParameters(trees=15),
    lightgbm=BoostParameters(trees=15),
    mlp=NetworkParameters(layers=(8,), epochs=3),
    isolation_forest=IsolationParameters(trees=10),
)
META = Meta(np.array([0.5, 0.3, 0.2, 0.1]), -0.7)


class Case(NamedTuple):
    members: Members
    rows: np.ndarray
    logits: np.ndarray


def matrix(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, 7)) * [1, 1, 100, 1e4, 1, 1, 1]
    rows[:, 5] = rows[:, 5] > 0
    fraud = rng.random(count) < 1 / (1 + np.exp(4 - 2 * rows[:, 0] - rows[:, 2] / 100))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[:, 4] = np.where(np.isnan(rows[:, 4]), 0.0, rows[:, 4])  # never missing in training
    rows[:, 6] = np.nan  # always missing in training
    return rows.astype(np.float32), fraud


@pytest.fixture(scope="module")
def case() -> Case:
    rows, fraud = matrix(3_000, 0)
    members = fit_members(rows, fraud, np.ones(len(rows)), SMALL, 1)
    unseen, _ = matrix(1_000, 1)
    rng = np.random.default_rng(2)
    unseen[rng.random(unseen.shape) < 0.3] = np.nan
    unseen[:5] = np.nan
    unseen[5:10] = rows[5:10]
    unseen[10] = 3e38
    unseen[11] = -3e38
    return Case(members, unseen, members.logits(unseen))


def run(case: Case, meta: Meta) -> list[np.ndarray]:
    graph = build(case.members.forests(), case.members.network_layers(), meta, case.rows.shape[1])
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    return session.run(["fraud_probabilities", "scores"], {"features": case.rows})


def test_every_score_is_the_library_s(case: Case) -> None:
    _, scores = run(case, META)
    for k, name in enumerate(MODELS):
        assert np.abs(scores[:, k] - 1 / (1 + np.exp(-case.logits[:, k]))).max() < 1e-5, name


def test_the_scores_are_those_of_predict_proba(case: Case) -> None:
    members = case.members
    own = members.network.predict_proba(members.scaler.inputs(case.rows))[:, 1]
    assert np.abs(1 / (1 + np.exp(-case.logits[:, 2])) - own).max() < 1e-9
    assert np.abs(1 / (1 + np.exp(-case.logits[:, 1])) - members.light.predict(case.rows)).max() < 1e-9


def test_the_probability_is_the_calibrated_meta_model_s(case: Case) -> None:
    calibration = Calibration(1.7, [0.2, -0.2], "temperature and bias", {})
    probabilities, _ = run(case, calibrated(META, calibration))
    fraud = clipped(case.logits) @ META.weights + META.bias
    wanted = calibration.probabilities(np.stack([np.zeros_like(fraud), fraud], axis=1))
    assert np.abs(probabilities - wanted).max() < 1e-5
    assert np.abs(probabilities.sum(axis=1) - 1).max() < 1e-6


def test_one_row_is_answered_as_in_a_batch(case: Case) -> None:
    graph = build(case.members.forests(), case.members.network_layers(), META, case.rows.shape[1])
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    together = session.run(["fraud_probabilities"], {"features": case.rows[:50]})[0]
    alone = [session.run(["fraud_probabilities"], {"features": row[None]})[0][0] for row in case.rows[:50]]
    assert np.abs(together - np.array(alone)).max() < 1e-6


def test_learning_can_replace_the_meta_model(case: Case) -> None:
    graph = build(case.members.forests(), case.members.network_layers(), META, case.rows.shape[1])
    held = {each.name: each for each in graph.graph.initializer}
    weights, bias = held["meta_weights"], held["meta_bias"]
    assert (list(weights.dims), list(bias.dims)) == ([4, 1], [1])
    assert weights.data_type == bias.data_type == onnx.TensorProto.FLOAT
    weights.raw_data = np.zeros(4, dtype=np.float32).tobytes()
    bias.raw_data = np.zeros(1, dtype=np.float32).tobytes()
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    assert (session.run(["fraud_probabilities"], {"features": case.rows})[0] == 0.5).all()


def test_the_same_rows_and_seed_give_the_same_bytes() -> None:
    rows, fraud = matrix(800, 3)
    made = []
    for seed in (1, 1, 2):
        members = fit_members(rows, fraud, np.ones(len(rows)), SMALL, seed)
        graph = build(members.forests(), members.network_layers(), META, 7)
        made.append(graph.SerializeToString(deterministic=True))
    assert made[0] == made[1] != made[2]


def test_a_threshold_parts_the_same_float32_values_once_rounded() -> None:
    thresholds = np.array([0.1, 1 / 3, -0.1, 1e300, -2.5, 1e-40])
    rounded = below(thresholds)
    for wanted, got in zip(thresholds, rounded, strict=True):
        with np.errstate(over="ignore"):
            beside = [np.nextafter(got, np.float32(0)), np.nextafter(got, np.float32(2) * got)]
        near = np.array([*beside, got], dtype=np.float32)
        near = near[np.isfinite(near)]
        assert ((near <= got) == (near.astype(np.float64) <= wanted)).all()


def test_path_lengths_are_those_of_the_paper() -> None:
    assert path_length(np.array([1, 2, 256])) == pytest.approx([0.0, 1.0, 10.2447709], abs=1e-6)


def test_few_frauds_leave_the_meta_model_at_believing_all_alike() -> None:
    rng = np.random.default_rng(5)
    fraud = np.arange(400) < 4
    logits = rng.normal(size=(400, 4)) + fraud[:, None]
    belief = Belief(1_000.0, 0.5)
    held = fit_meta(logits, fraud, np.ones(400), belief)
    assert held.weights == pytest.approx(belief.weights, abs=0.05)


def test_many_frauds_tell_which_model_to_believe_and_none_is_bet_against() -> None:
    rng = np.random.default_rng(6)
    fraud = rng.random(20_000) < 0.2
    logits = rng.normal(size=(20_000, 4)) + np.outer(fraud, [2.0, 0.0, 0.0, -1.0])
    held = fit_meta(logits, fraud, np.ones(20_000), Belief(1.0))
    assert held.weights[0] > 1.5 and held.weights[1:3].max() < 0.1 and held.weights[3] == 0.0


def test_parameters_that_do_not_exist_are_named() -> None:
    with pytest.raises(ParametersError, match="depht"):
        read_parameters({"xgboost": {"depht": 3}})


def test_the_card_speaks_of_every_feature() -> None:
    told = [name.strip() for names in FEATURES for name in names.split(",")]
    assert sorted(told) == sorted(FEATURE_NAMES)
