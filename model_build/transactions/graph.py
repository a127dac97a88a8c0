"""The fraud ensemble as one ONNX graph; docs/contracts.md lists its input and outputs.

Written by hand instead of converted: all trees of the three forests are one node that sums by forest, the
network's scaling is folded into its first layer, and the calibration into the meta-model. As converted by
skl2onnx and joined, the same models take ten times as long for one row, most of it in the isolation
forest, which is converted to a gather over every tree's path for every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from model_build.calibration import Calibration
from model_build.onnx_parts import Parts
from model_build.transactions.forest import LEAF, Floats, Tree

OPSET, ML_OPSET, IR = 18, 3, 9
REAL: Final = TensorProto.FLOAT
MOST_LOGIT: Final = 10.0
"""The meta-model sees logits within +-10: beyond, a float32 probability tells it nothing."""


@dataclass(frozen=True)
class Network:
    """A multi-layer perceptron: `medians` fill what is missing, `flags` are the columns whose absence is
    an input of its own, `weights` and `biases` are the layers' on scaled inputs, `means` and `scales`."""

    medians: Floats
    flags: npt.NDArray[np.int64]
    means: Floats
    scales: Floats
    weights: Sequence[Floats]
    biases: Sequence[Floats]


@dataclass(frozen=True)
class Meta:
    """The meta-model: linear in the logits of the four scores, [4] and a number."""

    weights: Floats
    bias: float


def calibrated(meta: Meta, calibration: Calibration) -> Meta:
    """`meta` with the calibration in it: softmax([0, z] / T + b) is the sigmoid of z / T + b1 - b0."""
    if calibration.floor:
        raise ValueError("a calibration with a floor is not linear in the logits")
    bias = calibration.bias[1] - calibration.bias[0]
    return Meta(meta.weights / calibration.temperature, meta.bias / calibration.temperature + bias)


def build(forests: Sequence[Sequence[Tree]], network: Network, meta: Meta, features: int) -> onnx.ModelProto:
    """The graph of XGBoost, LightGBM and isolation `forests`, the `network` and the calibrated `meta`.

    The same numbers give the same bytes.
    """
    graph = Parts()
    graph.nodes.append(_ensemble(forests))
    graph.constant("columns", [1, 1, 1], np.int64)
    graph.nodes.append(
        helper.make_node("Split", ["forests", "columns"], ["xgboost", "lightgbm", "isolation"], axis=1)
    )
    _network(graph, network)
    one = graph.constant("one", 1.0)
    isolated = graph.add("isolation/score", "Exp", "isolation")
    rest = graph.add("isolation/rest", "Log", graph.add("isolation/less", "Sub", one, isolated))
    graph.add("isolation/logit", "Sub", "isolation", rest)
    graph.add("raw", "Concat", "xgboost", "lightgbm", "mlp", "isolation/logit", axis=1)
    graph.add("scores", "Sigmoid", "raw")
    low, high = graph.constant("low", -MOST_LOGIT), graph.constant("high", MOST_LOGIT)
    graph.add("logits", "Clip", "raw", low, high)
    weights = graph.constant("meta_weights", np.asarray(meta.weights).reshape(4, 1))
    graph.add("meta", "Gemm", "logits", weights, graph.constant("meta_bias", [meta.bias]))
    fraud = graph.add("fraud", "Sigmoid", "meta")
    legitimate = graph.add("legitimate", "Sigmoid", graph.add("meta/minus", "Neg", "meta"))
    graph.add("fraud_probabilities", "Concat", legitimate, fraud, axis=1)
    return _model(graph, features)


def _ensemble(forests: Sequence[Sequence[Tree]]) -> onnx.NodeProto:
    """One node for all trees: a column of sums a forest."""
    trees = [(number, tree) for number, forest in enumerate(forests) for tree in forest]
    sizes = np.array([len(tree.feature) for _, tree in trees])
    trees_of_nodes = np.repeat(np.arange(len(trees)), sizes)
    nodes = np.concatenate([np.arange(size) for size in sizes])
    feature, threshold, yes, no, missing, value = (
        np.concatenate([getattr(tree, name) for _, tree in trees])
        for name in ("feature", "threshold", "yes", "no", "missing", "value")
    )
    leaf = feature == LEAF
    forest = np.repeat([number for number, _ in trees], sizes)
    return helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["forests"],
        name="forests",
        domain="ai.onnx.ml",
        n_targets=len(forests),
        aggregate_function="SUM",
        post_transform="NONE",
        nodes_treeids=trees_of_nodes.tolist(),
        nodes_nodeids=nodes.tolist(),
        nodes_featureids=np.where(leaf, 0, feature).tolist(),
        nodes_values=np.where(leaf, 0, threshold).tolist(),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_truenodeids=np.where(leaf, 0, yes).tolist(),
        nodes_falsenodeids=np.where(leaf, 0, no).tolist(),
        nodes_missing_value_tracks_true=np.where(leaf, 0, missing).astype(int).tolist(),
        target_treeids=trees_of_nodes[leaf].tolist(),
        target_nodeids=nodes[leaf].tolist(),
        target_ids=forest[leaf].tolist(),
        target_weights=value[leaf].tolist(),
    )


def _network(graph: Parts, network: Network) -> None:
    """`mlp`: the network's logit. Its inputs are sign(x) log(1 + |x|), scaled, and the flags."""
    unknown = graph.add("mlp/unknown", "IsNaN", "features")
    known = graph.add("mlp/known", "Where", unknown, graph.constant("medians", network.medians), "features")
    size = graph.add(
        "mlp/log", "Log", graph.add("mlp/more", "Add", graph.add("mlp/abs", "Abs", known), "one")
    )
    value = graph.add("mlp/values", "Mul", graph.add("mlp/sign", "Sign", known), size)
    if len(network.flags):
        flags = graph.add("mlp/flags", "Cast", unknown, to=REAL)
        if len(network.flags) < len(network.medians):
            chosen = graph.constant("flags", network.flags, np.int64)
            flags = graph.add("mlp/chosen", "Gather", flags, chosen, axis=1)
        value = graph.add("mlp/inputs", "Concat", value, flags, axis=1)
    scaled = network.weights[0] / network.scales[:, None]
    weights = [scaled, *network.weights[1:]]
    biases = [network.biases[0] - network.means @ scaled, *network.biases[1:]]
    last = len(weights) - 1
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        name = "mlp" if layer == last else f"mlp/layer{layer}"
        held = [graph.constant(f"{name}/weights", weight), graph.constant(f"{name}/bias", bias)]
        value = graph.add(name, "Gemm", value, *held)
        if layer < last:
            value = graph.add(f"{name}/relu", "Relu", value)


def _model(graph: Parts, features: int) -> onnx.ModelProto:
    info = helper.make_tensor_value_info
    made = helper.make_graph(
        graph.nodes,
        "transactions",
        [info("features", REAL, ["rows", features])],
        [info("fraud_probabilities", REAL, ["rows", 2]), info("scores", REAL, ["rows", 4])],
        graph.constants,
    )
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(made, opset_imports=imports, ir_version=IR, producer_name="triage")
    onnx.checker.check_model(model)
    return model
