"""A tiny, real fraud bundle: a hand-written ONNX graph with the fraud model's inputs, outputs and files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lambdas.core.bundle import Head
from lambdas.core.variant import BundleRef
from lambdas.transactions.features import FEATURE_NAMES
from tests.support.bundles import finished

MODELS = ("xgboost", "lightgbm", "mlp", "isolation_forest")
CATEGORY_RISK = {"": 0.01, "grocery": 0.002, "electronics": 0.03}
APPROVE, DECLINE = 0.1, 0.7
USUAL = {
    "log_amount": 3.0, "mean_amount_30d": 30.0, "amount_ratio": 1.0, "amount_z": 0.0, "count_1h": 1.0,
    "count_24h": 1.0, "sum_24h": 30.0, "count_30d": 20.0, "log_since_last": 9.0, "merchants_7d": 3.0,
    "home_km": 5.0, "moved_km": 3.0, "speed_kmh": 1.0, "category_risk": 0.005,
}  # fmt: skip
"""Not named: 0."""


def model_weights() -> np.ndarray:
    """What each "model" looks at: amount, velocity, place, and a bit of everything; [features, 4]."""
    weights = np.zeros((len(FEATURE_NAMES), 4), dtype=np.float32)
    for model, feature, weight in (
        (0, "log_amount", 0.8), (0, "amount_ratio", 0.3), (1, "count_1h", 0.9), (1, "new_merchant", 0.7),
        (2, "speed_kmh", 0.004), (2, "home_km", 0.003), (3, "log_amount", 0.3), (3, "count_1h", 0.4),
    ):  # fmt: skip
        weights[FEATURE_NAMES.index(feature), model] = weight
    return weights


def fraud_graph(meta_weights: tuple[float, ...] = (0.6, 0.6, 0.6, 0.2), meta_bias: float = 2.0) -> bytes:
    """Four logistic "models" of the known features under a linear meta-model of their logits."""
    constants = {
        "nothing": np.array(0.0, dtype=np.float32),
        "one": np.array(1.0, dtype=np.float32),
        "least": np.array(1e-6, dtype=np.float32),
        "most": np.array(1 - 1e-6, dtype=np.float32),
        "model_weights": model_weights(),
        "model_bias": np.array([-7.0, -5.0, -4.0, -4.0], dtype=np.float32),
        "meta_weights": np.array(meta_weights, dtype=np.float32).reshape(4, 1),
        "meta_bias": np.array([meta_bias], dtype=np.float32),
    }
    nodes = [
        helper.make_node("IsNaN", ["features"], ["unknown"]),
        helper.make_node("Where", ["unknown", "nothing", "features"], ["filled"]),
        helper.make_node("MatMul", ["filled", "model_weights"], ["sums"]),
        helper.make_node("Add", ["sums", "model_bias"], ["single"]),
        helper.make_node("Sigmoid", ["single"], ["scores"]),
        helper.make_node("Clip", ["scores", "least", "most"], ["clipped"]),
        helper.make_node("Sub", ["one", "clipped"], ["rest"]),
        helper.make_node("Div", ["clipped", "rest"], ["odds"]),
        helper.make_node("Log", ["odds"], ["logits"]),
        helper.make_node("MatMul", ["logits", "meta_weights"], ["weighed"]),
        helper.make_node("Add", ["weighed", "meta_bias"], ["meta"]),
        helper.make_node("Sigmoid", ["meta"], ["fraud"]),
        helper.make_node("Sub", ["one", "fraud"], ["legitimate"]),
        helper.make_node("Concat", ["legitimate", "fraud"], ["fraud_probabilities"], axis=1),
    ]
    real = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "tiny_fraud",
        [helper.make_tensor_value_info("features", real, ["n", len(FEATURE_NAMES)])],
        [
            helper.make_tensor_value_info("fraud_probabilities", real, ["n", 2]),
            helper.make_tensor_value_info("scores", real, ["n", 4]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def background_rows(count: int = 12) -> list[list[float]]:
    """The usual row, and `count - 1` near it."""
    usual = np.array([USUAL.get(name, 0.0) for name in FEATURE_NAMES])
    noise = np.random.default_rng(0).normal(scale=0.2, size=(count - 1, len(usual)))
    return np.vstack((usual, usual * (1 + noise) + 0.05 * noise)).tolist()


def write_fraud_bundle(
    folder: Path,
    version: str = "v1",
    *,
    meta_weights: tuple[float, ...] = (0.6, 0.6, 0.6, 0.2),
    meta_bias: float = 2.0,
    holdout: dict[str, list[object]] | None = None,
) -> BundleRef:
    """A complete bundle in `folder`/`version`; returns how rollout.json would name it."""
    target = folder / version
    target.mkdir(parents=True)
    (target / "model.onnx").write_bytes(fraud_graph(meta_weights, meta_bias))
    (target / "background.json").write_text(json.dumps({"rows": background_rows()}))
    (target / "holdout.json").write_text(json.dumps(holdout or {"scores": [], "fraud": [], "amount": []}))
    head = Head(
        "fraud", "fraud_probabilities", ["legitimate", "fraud"],
        {"legitimate": 1 - APPROVE, "fraud": DECLINE},
    )  # fmt: skip
    settings = {
        "models": list(MODELS),
        "category_risk": CATEGORY_RISK,
        "costs": {"false_alarm": 50.0, "missed": 500.0, "review": 5.0},
    }
    return finished(target, "transactions", [head], FEATURE_NAMES, settings)
