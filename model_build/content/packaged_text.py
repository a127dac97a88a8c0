"""What the packaged English model says of policies that the data has no labels of, as heads beside the
trained ones.

Its labels are among the hand-made features, NaN for a text that is not English: then such a head says
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from lambdas.content.policies import MOST
from lambdas.content.text.features import FEATURE_NAMES

PACKAGED: Final[dict[str, str]] = {"toxicity": "toxic", "threat": "threat"}
"""Which of its labels speaks of which policy. Its `obscene` is about swear words, not about sex, so nothing
speaks of `sexual`; nor does anything of `violence`."""
COLUMNS: Final = {policy: FEATURE_NAMES.index(f"toxic_en_{label}") for policy, label in PACKAGED.items()}

Floats = npt.NDArray[np.floating[Any]]


def odds_in(features: Floats) -> Mapping[str, Floats]:
    """The log-odds of each policy of PACKAGED, [texts], from hand-made features [texts, FEATURE_NAMES]."""
    return {
        policy: np.clip(features[:, column].astype(np.float64), -MOST, MOST)
        for policy, column in COLUMNS.items()
    }


def add_heads(model: onnx.ModelProto, policies: Sequence[str]) -> onnx.ModelProto:
    """The text graph `model` with `<policy>_logits` for each of `policies`: the packaged model's log-odds
    against 0, NaN where it says nothing. Their `<policy>_contributions` are 0: its words are not ours to
    weigh."""
    graph = model.graph
    for policy in policies:
        prefix = f"{policy}/packaged"
        constants: dict[str, npt.NDArray[Any]] = {
            f"{prefix}/column": np.array([COLUMNS[policy]], dtype=np.int64),
            f"{prefix}/zero": np.array(0.0, dtype=np.float32),
        }
        graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
        graph.node.extend(
            [
                helper.make_node("Gather", ["features", f"{prefix}/column"], [f"{prefix}/yes"], axis=1),
                helper.make_node("Mul", [f"{prefix}/yes", f"{prefix}/zero"], [f"{prefix}/no"]),
                helper.make_node("Concat", [f"{prefix}/no", f"{prefix}/yes"], [f"{policy}_logits"], axis=1),
                helper.make_node("Mul", ["counts", f"{prefix}/zero"], [f"{policy}_contributions"]),
            ]
        )
        rows = graph.input[[each.name for each in graph.input].index("features")]
        first = rows.type.tensor_type.shape.dim[0].dim_param
        graph.output.extend(
            [
                helper.make_tensor_value_info(f"{policy}_logits", TensorProto.FLOAT, [first, 2]),
                helper.make_tensor_value_info(f"{policy}_contributions", TensorProto.FLOAT, ["entries"]),
            ]
        )
    onnx.checker.check_model(model)
    return model
