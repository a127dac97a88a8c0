"""A text model as one ONNX graph; docs/contracts.md lists its inputs and outputs.

The entries of all texts lie flat behind each other, so a batch of short and long tickets wastes
nothing: each entry gathers its row of weights, and a scatter-add sums them by ticket.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, compose, helper

from lambdas.core.ngrams import BUCKETS, WORD_BUCKETS
from model_build.calibration import Calibration
from model_build.onnx_parts import Parts
from model_build.text.weights import Floats, Linear, Scaling, Terms

OPSET, IR = 18, 9
REAL, WHOLE = TensorProto.FLOAT, TensorProto.INT64


def build(
    terms: Terms,
    scaling: Scaling,
    heads: Mapping[str, Linear],
    calibrations: Mapping[str, Calibration],
    encoder: onnx.ModelProto | None = None,
    name: str = "tickets",
) -> onnx.ModelProto:
    """The calibrated graph of `heads`, in their order: probabilities, and what an entry adds to the first.

    `name` is what the rows are. The same numbers give the same bytes.
    """
    graph = Parts()
    outputs = []
    for head, part, size in _heads(graph, name, terms, scaling, heads, calibrations, encoder is not None):
        _probabilities(graph, head, part, calibrations[head].floor, size)
        outputs.append(_output(f"{head}_probabilities", [name, size]))
    first = next(iter(heads))
    _contributions(graph, f"{first}/logits", len(heads[first].bias))
    outputs.append(_output("contributions", ["entries"]))
    return _model(graph, name, len(scaling.means), outputs, encoder)


def build_uncalibrated(
    terms: Terms,
    scaling: Scaling,
    heads: Mapping[str, Linear],
    encoder: onnx.ModelProto | None = None,
    *,
    name: str,
) -> onnx.ModelProto:
    """The graph of two-class `heads` that something else calibrates: `<head>_logits`, as they were learned.

    `<head>_contributions` is what each entry adds to the head's log-odds, its second logit less its first.
    """
    graph = Parts()
    as_learned = {head: _as_learned(len(linear.bias)) for head, linear in heads.items()}
    outputs = []
    for head, part, size in _heads(graph, name, terms, scaling, heads, as_learned, encoder is not None):
        graph.add(f"{head}_logits", "Identity", part)
        _odds(graph, head, list(heads).index(head) * size)
        outputs.append(_output(f"{head}_logits", [name, size]))
        outputs.append(_output(f"{head}_contributions", ["entries"]))
    return _model(graph, name, len(scaling.means), outputs, encoder)


def _as_learned(classes: int) -> Calibration:
    return Calibration(temperature=1.0, bias=[0.0] * classes, method="temperature", log_losses={})


def _heads(
    graph: Parts,
    name: str,
    terms: Terms,
    scaling: Scaling,
    heads: Mapping[str, Linear],
    calibrations: Mapping[str, Calibration],
    embedded: bool,
) -> Iterator[tuple[str, str, int]]:
    """Each head with its logits, [rows, classes], and how many classes that are."""
    weights = [heads[head].terms / calibrations[head].temperature for head in heads]
    _weighted_entries(graph, name, terms, np.hstack(weights))
    logits = _logits(graph, scaling, heads, calibrations, embedded=embedded)
    start = 0
    for head, linear in heads.items():
        size = len(linear.bias)
        yield head, _columns(graph, f"{head}/logits", logits, start, size), size
        start += size


def _weighted_entries(graph: Parts, name: str, terms: Terms, weights: npt.NDArray[np.floating[Any]]) -> None:
    """`entries/weighted` [entries, all classes]: each entry's scaled TF-IDF times its row of weights."""
    table = np.zeros(BUCKETS, dtype=np.int32)
    table[terms.buckets] = np.arange(1, len(terms.buckets) + 1)
    graph.constant("one", 1.0)
    graph.constant("axis1", [1], np.int64)
    graph.constant("two", 2, np.int64)
    term = graph.add("entries/term", "Gather", graph.constant("term_of_bucket", table, np.int32), "buckets")
    idf = graph.add("entries/idf", "Gather", graph.constant("idf", np.r_[0.0, terms.idf]), term)
    tf = graph.add("entries/tf", "Add", graph.add("entries/log", "Log", "counts"), "one")
    value = graph.add("entries/value", "Mul", tf, idf)

    is_word = graph.add("entries/is_word", "Less", "buckets", graph.constant("words", WORD_BUCKETS, np.int64))
    kind = graph.add("entries/kind", "Cast", is_word, to=WHOLE)
    slot = graph.add("entries/slot", "Add", graph.add("entries/pair", "Mul", "rows", "two"), kind)
    index = graph.add("entries/slot_index", "Unsqueeze", slot, "axis1")
    shape = graph.add("shape", "Shape", "features")
    graph.add(name, "Gather", shape, graph.constant("axis0", [0], np.int64))
    zeros = graph.add("slots/zeros", "ConstantOfShape", graph.add("slots/number", "Mul", name, "two"))
    squares = graph.add("entries/square", "Mul", value, value)
    sums = graph.add("slots/squares", "ScatterND", zeros, index, squares, reduction="add")
    floor = graph.add("slots/floor", "Max", sums, graph.constant("tiny", 1e-30))
    lengths = graph.add("slots/length", "Sqrt", floor)
    scaled = graph.add("entries/scaled", "Div", value, graph.add("entries/length", "Gather", lengths, slot))

    rows = np.vstack([np.zeros((1, weights.shape[1])), weights])
    found = graph.add("entries/weights", "Gather", graph.constant("weights", rows), term)
    column = graph.add("entries/column", "Unsqueeze", scaled, "axis1")
    graph.add("entries/weighted", "Mul", found, column)


def _logits(
    graph: Parts,
    scaling: Scaling,
    heads: Mapping[str, Linear],
    calibrations: Mapping[str, Calibration],
    *,
    embedded: bool,
) -> str:
    """Every head's logits side by side, [rows, all classes]."""
    scaled = [
        heads[name].features / scaling.scales[:, None] / calibrations[name].temperature for name in heads
    ]
    by_feature = np.hstack(scaled)
    bias = np.concatenate([_shifted(heads[name].bias, calibrations[name]) for name in heads])
    bias = bias - scaling.means @ by_feature
    unknown = graph.add("features/unknown", "IsNaN", "features")
    filled = graph.add(
        "features/filled", "Where", unknown, graph.constant("medians", scaling.medians), "features"
    )
    score = graph.add("features/score", "MatMul", filled, graph.constant("by_feature", by_feature))
    base = graph.add("base", "Add", score, graph.constant("bias", bias))
    if embedded:
        matrices = [heads[name].embedding / calibrations[name].temperature for name in heads]  # type: ignore[operator]
        by_dimension = graph.constant("by_dimension", np.hstack(matrices))
        base = graph.add("with_text", "Add", base, graph.add("text", "MatMul", "embedding", by_dimension))
    rows = graph.add("entries/row", "Unsqueeze", "rows", "axis1")
    return graph.add("logits", "ScatterND", base, rows, "entries/weighted", reduction="add")


def _shifted(bias: Floats, calibration: Calibration) -> Floats:
    shifted: Floats = bias / calibration.temperature + np.asarray(calibration.bias)
    return shifted


def _probabilities(graph: Parts, head: str, logits: str, floor: float, classes: int) -> None:
    """The head's output: (1 - floor) softmax(logits) + floor / classes."""
    output = f"{head}_probabilities"
    if floor == 0.0:
        graph.add(output, "Softmax", logits, axis=1)
        return
    shares = graph.add(f"{head}/softmax", "Softmax", logits, axis=1)
    kept = graph.add(f"{head}/kept", "Mul", shares, graph.constant(f"{head}/trust", 1.0 - floor))
    graph.add(output, "Add", kept, graph.constant(f"{head}/floor", floor / classes))


def _columns(graph: Parts, name: str, source: str, start: int, size: int) -> str:
    begin = graph.constant(f"{name}/begin", [start], np.int64)
    end = graph.constant(f"{name}/end", [start + size], np.int64)
    return graph.add(name, "Slice", source, begin, end, "axis1")


def _contributions(graph: Parts, logits: str, classes: int) -> None:
    """What each entry adds to its row's winning logit, less its mean over the classes."""
    own = _columns(graph, "entries/own", "entries/weighted", 0, classes)
    winner = graph.add("winner", "ArgMax", logits, axis=1, keepdims=1)
    index = graph.add("entries/winner", "Gather", winner, "rows")
    won = graph.add("entries/won", "GatherElements", own, index, axis=1)
    mean = graph.add("entries/mean", "ReduceMean", own, "axis1", keepdims=1)
    above = graph.add("entries/above", "Sub", won, mean)
    graph.add("contributions", "Squeeze", above, "axis1")


def _odds(graph: Parts, head: str, start: int) -> None:
    """What each entry adds to the log-odds of a two-class head whose weights begin at column `start`."""
    no = _columns(graph, f"{head}/no", "entries/weighted", start, 1)
    yes = _columns(graph, f"{head}/yes", "entries/weighted", start + 1, 1)
    graph.add(f"{head}_contributions", "Squeeze", graph.add(f"{head}/odds", "Sub", yes, no), "axis1")


def _output(name: str, shape: list[str | int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, REAL, shape)


def _model(
    graph: Parts,
    name: str,
    features: int,
    outputs: list[onnx.ValueInfoProto],
    encoder: onnx.ModelProto | None,
) -> onnx.ModelProto:
    info = helper.make_tensor_value_info
    inputs = [
        info("rows", WHOLE, ["entries"]),
        info("buckets", WHOLE, ["entries"]),
        info("counts", REAL, ["entries"]),
        info("features", REAL, [name, features]),
    ]
    nodes, constants = graph.nodes, graph.constants
    opset = OPSET
    if encoder is not None:
        part = compose.add_prefix(encoder, "encoder/", rename_inputs=False, rename_outputs=False).graph
        inputs += list(part.input)
        nodes = [*part.node, *nodes]
        constants = [*part.initializer, *constants]
        opset = max(opset, *(each.version for each in encoder.opset_import if not each.domain))
    made = helper.make_graph(nodes, name, inputs, outputs, constants)
    imports = [helper.make_opsetid("", opset)]
    if encoder is not None:
        imports += [each for each in encoder.opset_import if each.domain]
    model = helper.make_model(made, opset_imports=imports, ir_version=IR, producer_name="triage")
    onnx.checker.check_model(model)
    return model
