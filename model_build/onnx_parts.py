"""The parts of an ONNX graph that is written by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper


@dataclass
class Parts:
    """Nodes and constants as they are added; a node's output carries the node's name."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: npt.ArrayLike, kind: Any = np.float32) -> str:
        """Add a constant; returns its name."""
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=kind), name))
        return name

    def add(self, name: str, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; returns the name of its output, which is its own."""
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name
