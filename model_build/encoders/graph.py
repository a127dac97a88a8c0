"""A thin builder of ONNX graphs: nodes get their names in the order they are added, so bytes repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

OPSET = 18
"""Every encoder's graph is of this opset; the first one with bitwise operators."""

IR_VERSION = 10
"""The newest that every onnxruntime 1.18+ reads."""


class GraphBuilder:
    """Collects nodes and constants, and makes the model.

    Every method that adds something returns the name of what it made.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, kind: int, shape: Sequence[str | int]) -> str:
        """Declare an input of the graph."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value: str, name: str, shape: Sequence[str | int]) -> str:
        """Give `value`, a float32 tensor, the name `name` and make it an output."""
        self._nodes.append(helper.make_node("Identity", [value], [name], name=f"output_{name}"))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def constant(self, value: npt.NDArray[Any], name: str | None = None) -> str:
        """A tensor stored in the model."""
        name = name or f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def integers(self, *values: int) -> str:
        """A vector of int64."""
        return self.constant(np.array(values, dtype=np.int64))

    def number(self, value: float) -> str:
        """A float32 scalar."""
        return self.constant(np.array(value, dtype=np.float32))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output."""
        return self.split(operator, *inputs, outputs=1, **attributes)[0]

    def split(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """A node with several outputs."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        made = [f"{name}.{k}" for k in range(outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), made, name=name, **attributes))
        return made

    def include(self, model: onnx.ModelProto, inputs: Mapping[str, str], prefix: str) -> None:
        """Put the whole of `model` in, its names behind `prefix`; `inputs` maps its inputs to our values."""
        inner = compose.add_prefix(model, prefix).graph
        for name, value in inputs.items():
            self._nodes.append(helper.make_node("Identity", [value], [prefix + name], name=f"input_{name}"))
        self._nodes.extend(inner.node)
        self._constants.extend(inner.initializer)

    def cast(self, value: str, kind: int = TensorProto.FLOAT) -> str:
        """`value` as another type, float32 unless told."""
        return self.add("Cast", value, to=kind)

    def model(self) -> onnx.ModelProto:
        """The checked model. Nothing in it depends on the machine or the time."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, initializer=self._constants
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="triage"
        )
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        return model
