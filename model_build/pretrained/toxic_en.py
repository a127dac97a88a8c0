"""`toxic-en`: six labels of toxicity for English, a bidirectional LSTM trained on Wikipedia's talk pages.

Serving reads it with `lambdas/content/text/toxic.py`.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from lambdas.content.text.toxic import FILE, LABELS, LENGTH, WORDS_FILE
from model_build.onnx_parts import Parts
from model_build.pretrained import image_source
from model_build.pretrained.base import About, Pretrained, PretrainedError

WEIGHTS: Final = "toxic_classifier/model/model.weights.h5"
TOKENISER: Final = "toxic_classifier/model/tokenizer.pickle"
SHA256: Final = {
    WEIGHTS: "03ed4c3f52be909821a8c3263de2dcd65b95908bfae6f569c9a9cec90538a4b3",
    TOKENISER: "d8e998211d68c5264b84c6eb6753f08897194038e0345e91a592f97cd38c125c",
}
ABOUT: Final = About(
    name="Toxic Comment Classifier",
    package="toxic-comment-classifier",
    version="0.3.0",
    licence="MIT",
    about="six labels of toxicity for English text, learned on comments of Wikipedia's talk pages",
)
UNITS: Final = 50
OPSET, IR = 18, 9
KEYS: Final[dict[str, str]] = {
    "embedding": "layers/embedding/vars/0",
    **{
        f"{way}_{part}": f"layers/bidirectional/{way}_layer/cell/vars/{number}"
        for way in ("forward", "backward")
        for number, part in enumerate(("kernel", "recurrent", "bias"))
    },
    "hidden": "layers/dense/vars/0",
    "hidden_bias": "layers/dense/vars/1",
    "out": "layers/dense_1/vars/0",
    "out_bias": "layers/dense_1/vars/1",
}

Array = npt.NDArray[np.float32]


def make(folder: Path) -> Pretrained:
    """The graph, and the words in the order of their ids, a line each. Raises PretrainedError."""
    paths = image_source.python_files(ABOUT.package, ABOUT.version, SHA256)
    model = build(weights(paths[WEIGHTS]))
    (folder / FILE).write_bytes(model.SerializeToString(deterministic=True))
    (folder / WORDS_FILE).write_text("\n".join(words(paths[TOKENISER])), encoding="utf-8")
    return Pretrained(ABOUT, folder, {name: folder / name for name in (FILE, WORDS_FILE)})


def weights(path: Path) -> dict[str, Array]:
    """The weights by the names of KEYS."""
    import h5py  # type: ignore[import-untyped]

    with h5py.File(path) as file:
        return {name: np.asarray(file[key], dtype=np.float32) for name, key in KEYS.items()}


def words(path: Path) -> list[str]:
    """The words that the model knows: the first has id 1."""
    with path.open("rb") as file:
        held = vars(_Reader(file).load())
    known: Mapping[str, int] = held["word_index"]
    found = [word for word, number in sorted(known.items(), key=lambda each: each[1])]
    return found[: held["num_words"] - 1]


class _Held:
    """Stands for the Keras tokeniser: only what it holds is read."""


class _Reader(pickle.Unpickler):
    """Reads the pinned pickle with nothing in it but words and numbers."""

    def find_class(self, module: str, name: str) -> Any:
        plain: dict[str, Any] = {
            "Tokenizer": _Held, "OrderedDict": OrderedDict, "defaultdict": defaultdict, "int": int,
        }  # fmt: skip
        if name not in plain:
            raise PretrainedError(f"{TOKENISER} holds {module}.{name}, which is not read")
        return plain[name]


def build(given: Mapping[str, Array]) -> onnx.ModelProto:
    """The graph: `ids` int64 [n, LENGTH] in, `logits` float32 [n, labels] out, before the sigmoid."""
    graph = Parts()
    table = graph.constant("embedding", given["embedding"])
    # ONNX's LSTM wants the time first; gathering by the turned ids spares turning the vectors.
    steps = graph.add("steps", "Transpose", "ids", perm=[1, 0])
    looked_up = graph.add("words", "Gather", table, steps)
    sides = ("forward", "backward")
    kernel = graph.constant("kernel", np.stack([_gates(given[f"{way}_kernel"]).T for way in sides]))
    recurrent = graph.constant("recurrent", np.stack([_gates(given[f"{way}_recurrent"]).T for way in sides]))
    biases = [np.r_[_gates(given[f"{way}_bias"]), np.zeros(4 * UNITS)] for way in sides]
    bias = graph.constant("bias", np.stack(biases))
    read = graph.add(
        "read", "LSTM", looked_up, kernel, recurrent, bias, direction="bidirectional", hidden_size=UNITS
    )
    # [steps, sides, n, units] -> the largest of each unit over the steps, then both sides of a text together.
    largest = graph.add("largest", "ReduceMax", read, graph.constant("axis0", [0], np.int64), keepdims=0)
    together = graph.add("together", "Transpose", largest, perm=[1, 0, 2])
    flat = graph.add("flat", "Flatten", together, axis=1)
    hidden = _dense(graph, "hidden", flat, given["hidden"], given["hidden_bias"])
    _dense(graph, "logits", graph.add("kept", "Relu", hidden), given["out"], given["out_bias"])
    return _model(graph)


def _gates(values: Array) -> Array:
    """Keras has the gates in, forget, cell, out along the last axis; ONNX wants in, out, forget, cell."""
    first, forget, cell, out = np.split(values, 4, axis=-1)
    return np.concatenate([first, out, forget, cell], axis=-1)


def _dense(graph: Parts, name: str, source: str, matrix: Array, bias: Array) -> str:
    product = graph.add(f"{name}/product", "MatMul", source, graph.constant(f"{name}/matrix", matrix))
    return graph.add(name, "Add", product, graph.constant(f"{name}/bias", bias))


def _model(graph: Parts) -> onnx.ModelProto:
    made = helper.make_graph(
        graph.nodes,
        "toxic-en",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", LENGTH])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", len(LABELS)])],
        graph.constants,
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="triage"
    )
    onnx.checker.check_model(model)
    return model
