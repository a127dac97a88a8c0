"""Heads on what is known of images or of sounds: a logistic regression a policy, as one graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from lambdas.content.policies import MOST, POLICIES
from model_build.content.parameters import MediaParameters
from model_build.onnx_parts import Parts

OPSET, IR = 18, 9
REAL: Final = TensorProto.FLOAT
ITERATIONS: Final = 500

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MediaHead:
    """Log-odds of the policies in `policies`: `weights` [features, POLICIES] and `bias` [POLICIES], 0 for the
    others."""

    policies: tuple[str, ...]
    weights: Floats
    bias: Floats

    def logits(self, features: Floats) -> Floats:
        """[rows, POLICIES] held within MOST, from features [rows, features] without NaN."""
        found: Floats = np.clip(features.astype(np.float64) @ self.weights + self.bias, -MOST, MOST)
        return found


def worth_training(labels: Mapping[str, Ints], parameters: MediaParameters) -> tuple[str, ...]:
    """The policies with enough of the rows, all of them with media, that break them and that do not."""
    rows = len(next(iter(labels.values()), ()))
    if rows < parameters.least_rows:
        return ()
    return tuple(
        policy
        for policy in POLICIES
        if policy in labels
        and parameters.least_broken <= labels[policy].sum() <= rows - parameters.least_broken
    )


def fit_media(
    features: Floats, labels: Mapping[str, Ints], policies: tuple[str, ...], parameters: MediaParameters
) -> MediaHead:
    """The heads of `policies` on rows of `features`, [rows, features]. The scaling is in the weights."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    double = features.astype(np.float64)
    means, scales = double.mean(axis=0), double.std(axis=0)
    scales = np.where(scales < 1e-6, 1.0, scales)
    scaled = (double - means) / scales
    weights, bias = np.zeros((features.shape[1], len(POLICIES))), np.zeros(len(POLICIES))
    for policy in policies:
        place = POLICIES.index(policy)
        if len(np.unique(labels[policy])) < 2:  # a fold without one of the kinds
            share = float(labels[policy].mean() * 0.98 + 0.01)
            bias[place] = np.log(share) - np.log1p(-share)
            continue
        model = LogisticRegression(C=parameters.regularisation, max_iter=ITERATIONS)
        with threadpool_limits(1):  # several threads add up in no fixed order
            model.fit(scaled, labels[policy])
        weights[:, place] = model.coef_[0] / scales
        bias[place] = model.intercept_[0] - means @ weights[:, place]
    return MediaHead(policies, weights, bias)


def build(head: MediaHead) -> onnx.ModelProto:
    """The graph: `features` float32 [rows, features] to `logits` [rows, POLICIES]."""
    graph = Parts()
    weights, bias = graph.constant("weights", head.weights), graph.constant("bias", head.bias)
    raw = graph.add("raw", "Gemm", "features", weights, bias)
    graph.add("logits", "Clip", raw, graph.constant("low", -MOST), graph.constant("high", MOST))
    info = helper.make_tensor_value_info
    made = helper.make_graph(
        graph.nodes,
        "media",
        [info("features", REAL, ["rows", len(head.weights)])],
        [info("logits", REAL, ["rows", len(POLICIES)])],
        graph.constants,
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="triage"
    )
    onnx.checker.check_model(model)
    return model
