"""The parts of Whisper's two graphs: what layers are made of, and how their matrices are kept in 8 bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from model_build.onnx_parts import Parts
from model_build.pretrained.ct2_weights import Array

OPSET: Final = 20
"""The first one with Gelu."""

IR_VERSION: Final = 10
CONTRIB: Final = "com.microsoft"
"""onnxruntime's own operators: the matrix product with weights of 8 bits, and attention that never holds
all of its weights at once (for 30 s of sound they are 72 MB a layer)."""

BLOCK: Final = 64
"""Numbers of a row that share one scale. With one scale a matrix and a scale a row of what comes in, as
DynamicQuantizeLinear gives it, the encoder is off by 13 %; by blocks it is off by 3 %."""

BITS: Final = 8
CENTRE: Final = 128
INT8_PRODUCT: Final = 4
"""MatMulNBits' `accuracy_level`: what comes in is made 8 bits too, by blocks. The others take 30 times as
long."""

WIDTH: Final = 512
HEADS: Final = 8
LAYERS: Final = 6
PER_HEAD: Final = WIDTH // HEADS
EPSILON: Final = 1e-5

Floats = npt.NDArray[np.float32]


def in_blocks(matrix: Array) -> tuple[npt.NDArray[np.uint8], Floats]:
    """`matrix` [rows, columns] as MatMulNBits has it: bytes [rows, blocks, BLOCK], scales [rows, blocks].

    The number that byte b of a block stands for is `(b - CENTRE) * scale`.
    """
    blocks = matrix.astype(np.float32).reshape(len(matrix), -1, BLOCK)
    scales = np.abs(blocks).max(axis=2) / np.float32(CENTRE - 1)
    scales[scales == 0] = 1.0
    return (np.rint(blocks / scales[..., None]) + CENTRE).astype(np.uint8), scales


class Net:
    """A graph while it is built. Every method that adds something returns the name of its value."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.parts = Parts()
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._integers: dict[tuple[int, ...], str] = {}

    def input(self, name: str, shape: Sequence[str | int], kind: int = TensorProto.FLOAT) -> str:
        """Declare an input."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value: str, name: str, shape: Sequence[str | int]) -> str:
        """Make `value` an output under the name `name`."""
        self.parts.add(name, "Identity", value)
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output; nodes get their names in the order they are added, so bytes repeat."""
        return self.parts.add(f"{operator.lower()}_{len(self.parts.nodes)}", operator, *inputs, **attributes)

    def constant(self, value: npt.ArrayLike, kind: Any = np.float32) -> str:
        """A tensor stored in the model."""
        return self.parts.constant(f"constant_{len(self.parts.constants)}", value, kind)

    def integers(self, *values: int) -> str:
        """A vector of int64."""
        if values not in self._integers:
            self._integers[values] = self.constant(values, np.int64)
        return self._integers[values]

    def weight(self, name: str) -> str:
        """One of the model's own arrays, in float32."""
        return self.constant(self.weights[name])

    def linear(self, value: str, name: str, part: slice = slice(None), *, bias: bool = True) -> str:
        """`value` [.., columns] times rows `part` of the matrix `name`/weight, plus its bias."""
        matrix = self.weights[f"{name}/weight"][part]
        data, scales = in_blocks(matrix)
        product = self.product(value, self.constant(data, np.uint8), self.constant(scales), matrix.shape)
        return (
            self.add("Add", product, self.constant(self.weights[f"{name}/bias"][part])) if bias else product
        )

    def product(self, value: str, data: str, scales: str, shape: Sequence[int]) -> str:
        """`value` times the transpose of a matrix [rows, columns] in blocks."""
        rows, columns = shape
        return self.add(
            "MatMulNBits", value, data, scales, domain=CONTRIB, K=columns, N=rows, bits=BITS,
            block_size=BLOCK, accuracy_level=INT8_PRODUCT,
        )  # fmt: skip

    def normalised(self, value: str, name: str) -> str:
        """Layer normalisation by the arrays below `name`."""
        gain, bias = self.weight(f"{name}/gamma"), self.weight(f"{name}/beta")
        return self.add("LayerNormalization", value, gain, bias, axis=-1, epsilon=EPSILON)

    def feed_forward(self, value: str, name: str) -> str:
        """`value` plus what the two dense layers below `name` make of it."""
        inner = self.linear(self.normalised(value, f"{name}/layer_norm"), f"{name}/linear_0")
        return self.add("Add", value, self.linear(self.add("Gelu", inner), f"{name}/linear_1"))

    def split(self, value: str) -> str:
        """[1, n, WIDTH] by heads: [1, HEADS, n, PER_HEAD]."""
        parts = self.add("Reshape", value, self.integers(0, 0, HEADS, PER_HEAD))
        return self.add("Transpose", parts, perm=[0, 2, 1, 3])

    def joined(self, value: str) -> str:
        """What `split` split."""
        return self.add(
            "Reshape", self.add("Transpose", value, perm=[0, 2, 1, 3]), self.integers(0, 0, WIDTH)
        )

    def model(self, name: str) -> onnx.ModelProto:
        """The model. Nothing in it depends on the machine or the time."""
        graph = helper.make_graph(
            self.parts.nodes, name, self._inputs, self._outputs, initializer=self.parts.constants
        )
        versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        model = helper.make_model(graph, opset_imports=versions, producer_name="triage")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        return model


def third(k: int) -> slice:
    """The rows of the queries (0), keys (1) and values (2) in a matrix that holds all three."""
    return slice(k * WIDTH, (k + 1) * WIDTH)
