"""The parts of a mobile convolutional network as ONNX, with each batch norm folded into its convolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto

from model_build.encoders.graph import GraphBuilder

IMAGE: Final = "image"
LOGITS: Final = "logits"
CELLS: Final = "cells"
EMBEDDING: Final = "embedding"
MAP: Final = "map"
SIDE: Final = 224
CELLS_SIDE: Final = 7

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Norm:
    """A batch norm with its running statistics: x * scale + shift, each [channels]."""

    scale: npt.NDArray[np.float64]
    shift: npt.NDArray[np.float64]

    @classmethod
    def of(cls, values: Mapping[str, Floats], names: Sequence[str], epsilon: float) -> Norm:
        """From `values` of the four `names`: gamma, beta, mean, variance."""
        gamma, beta, mean, variance = (values[name] for name in names)
        scale = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
        return cls(scale, beta - mean * scale)


@dataclass(frozen=True)
class Shape:
    """How a convolution moves: `pads` are the zeros (before, after) on both axes."""

    stride: int = 1
    pads: tuple[int, int] = (0, 0)
    groups: int = 1


@dataclass(frozen=True)
class Dense:
    """A dense layer: `weights` [in, out], `bias` [out]."""

    weights: Floats
    bias: Floats


def same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME padding of an axis of `size`: zeros (before, after)."""
    missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return missing // 2, missing - missing // 2


class Convnet:
    """Adds layers to `graph`; values are [n, channels, height, width]."""

    def __init__(self, name: str) -> None:
        self.graph = GraphBuilder(name)

    def input(self) -> str:
        """Declare the picture, [n, SIDE, SIDE, 3]; returns it with its channels first."""
        image = self.graph.input(IMAGE, TensorProto.FLOAT, ["n", SIDE, SIDE, 3])
        return self.graph.add("Transpose", image, perm=[0, 3, 1, 2])

    def convolution(self, value: str, kernel: Floats, norm: Norm, shape: Shape, *, relu6: bool) -> str:
        """Convolution with `kernel` [out, in / groups, height, width], then the norm, then 0 to 6."""
        folded = (kernel * norm.scale[:, None, None, None]).astype(np.float32)
        before, after = shape.pads
        made = self.graph.add(
            "Conv",
            value,
            self.graph.constant(folded),
            self.graph.constant(norm.shift.astype(np.float32)),
            kernel_shape=list(kernel.shape[2:]),
            strides=[shape.stride] * 2,
            pads=[before, before, after, after],
            group=shape.groups,
        )
        if not relu6:
            return made
        return self.graph.add("Clip", made, self.graph.number(0.0), self.graph.number(6.0))

    def head(self, value: str, layers: Sequence[Dense], *, embedding: bool = False) -> None:
        """The dense layers after the mean over the picture, with ReLU between them, as outputs.

        `logits` [n, classes]; `cells` [n, height, width, classes]: what each place says, such that their mean
        is the logits (class activation maps: Zhou et al. 2016, "Learning Deep Features for Discriminative
        Localization"; with several layers, each place passes the units that the mean has switched on). With
        `embedding` also the mean itself, `embedding` [n, channels], and `map` [n, height, width, channels].
        """
        graph = self.graph
        mean = said = graph.add("Flatten", graph.add("GlobalAveragePool", value), axis=1)
        places = cells = graph.add("Transpose", value, perm=[0, 2, 3, 1])
        for number, layer in enumerate(layers):
            if number:
                on = graph.cast(graph.add("Greater", said, graph.number(0.0)))
                said = graph.add("Mul", said, on)
                cells = graph.add("Mul", cells, graph.add("Unsqueeze", on, graph.integers(1, 2)))
            kernel, bias = graph.constant(layer.weights), graph.constant(layer.bias)
            said = graph.add("Gemm", said, kernel, bias)
            cells = graph.add("Add", graph.add("MatMul", cells, kernel), bias)
        classes, channels = layers[-1].weights.shape[1], layers[0].weights.shape[0]
        graph.output(said, LOGITS, ["n", classes])
        graph.output(cells, CELLS, ["n", CELLS_SIDE, CELLS_SIDE, classes])
        if embedding:
            graph.output(mean, EMBEDDING, ["n", channels])
            graph.output(places, MAP, ["n", CELLS_SIDE, CELLS_SIDE, channels])

    def model(self) -> onnx.ModelProto:
        """The checked model."""
        return self.graph.model()
