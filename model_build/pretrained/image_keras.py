"""A Keras model as TensorFlow.js stores it: its layers and its weights, and the two together as ONNX.

Only what MobileNet v2 is made of is known: a chain of convolutions, each with its batch norm and ReLU6, with
additions, then the mean over the picture and dense layers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import onnx

from model_build.pretrained.base import PretrainedError
from model_build.pretrained.image_convnet import SIDE, Convnet, Dense, Floats, Norm, Shape, same

TOKEN: Final = re.compile(
    r'(?P<text>"(?:\\.|[^"\\])*")|(?P<truth>![01])|(?P<key>[A-Za-z_$][\w$]*)(?=:)|(?P<point>(?<![\w.])\.(?=\d))'
)
EPSILON: Final = 1e-3


def literal(script: str) -> Any:
    """The value of a minified JavaScript literal: objects without quotes, !0 for true, .5 for 0.5."""
    try:
        return msgspec.json.decode(TOKEN.sub(_json, script))
    except msgspec.DecodeError as error:
        raise PretrainedError(f"a JavaScript literal that cannot be read: {error}") from error


def _json(match: re.Match[str]) -> str:
    found = match.group()
    made = {"text": found, "truth": "true" if found == "!0" else "false", "key": f'"{found}"', "point": "0."}
    return made[str(match.lastgroup)]


def weights(manifest: Sequence[Mapping[str, Any]], data: bytes) -> dict[str, Floats]:
    """The weights by name: uint8 steps between a least and a most value, one after the other in `data`."""
    made: dict[str, Floats] = {}
    at = 0
    for entry in manifest:
        rule = entry.get("quantization")
        kind = np.dtype(rule["dtype"] if rule else entry["dtype"])
        size = int(np.prod(entry["shape"], dtype=np.int64))
        values = np.frombuffer(data, kind, size, at).reshape(entry["shape"]).astype(np.float32)
        made[entry["name"]] = values * np.float32(rule["scale"]) + np.float32(rule["min"]) if rule else values
        at += size * kind.itemsize
    if at != len(data):
        raise PretrainedError(f"the weights are {len(data)} bytes, their list says {at}")
    return made


def build(layers: Sequence[Mapping[str, Any]], values: Mapping[str, Floats], name: str) -> onnx.ModelProto:
    """The graph of `layers`: input `image` float32 [n, 224, 224, 3], outputs as `Convnet.head` says."""
    return _Builder(layers, values, Convnet(name)).build()


class _Builder:
    def __init__(
        self, layers: Sequence[Mapping[str, Any]], values: Mapping[str, Floats], net: Convnet
    ) -> None:
        self.layers = {layer["name"]: layer for layer in layers}
        self.values = values
        self.net = net
        self.made: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self.pads: dict[str, tuple[int, int]] = {}
        self.head: list[Dense] = []
        self.next = {source: name for name in self.layers for source in self.sources(name)}

    def build(self) -> onnx.ModelProto:
        kinds: dict[str, Callable[[str], None]] = {
            "InputLayer": self.input,
            "ZeroPadding2D": self.padding,
            "Conv2D": self.convolution,
            "DepthwiseConv2D": self.convolution,
            "BatchNormalization": self.passed,
            "ReLU": self.passed,
            "Add": self.addition,
            "AveragePooling2D": self.mean,
            "Flatten": self.passed,
            "Dropout": self.passed,
            "Dense": self.dense,
        }
        for name, layer in self.layers.items():
            if layer["class_name"] not in kinds:
                raise PretrainedError(f"layer {name} is a {layer['class_name']}, which is not known here")
            kinds[layer["class_name"]](name)
        return self.net.model()

    def sources(self, name: str) -> list[str]:
        inbound = self.layers[name]["inbound_nodes"]
        return [source[0] for source in inbound[0]] if inbound else []

    def input(self, name: str) -> None:
        self.made[name], self.sizes[name] = self.net.input(), SIDE

    def passed(self, name: str) -> None:
        """What the layer before it already did, or what does nothing when it is not trained."""
        (source,) = self.sources(name)
        self.made[name], self.sizes[name] = self.made[source], self.sizes[source]

    def mean(self, name: str) -> None:
        """The mean over the whole picture, which the head takes itself."""
        self.passed(name)
        if self.layers[name]["config"]["pool_size"] != [self.sizes[name]] * 2:
            raise PretrainedError(f"{name} is not the mean over the whole picture")

    def padding(self, name: str) -> None:
        """Zeros around: the convolution that follows takes them over."""
        self.passed(name)
        self.pads[name] = tuple(self.layers[name]["config"]["padding"][0])

    def convolution(self, name: str) -> None:
        config = self.layers[name]["config"]
        (source,) = self.sources(name)
        size, stride = self.sizes[source], config["strides"][0]
        depthwise = self.layers[name]["class_name"] == "DepthwiseConv2D"
        kernel = (
            self.values[f"{name}/depthwise_kernel"].transpose(2, 3, 0, 1)
            if depthwise
            else self.values[f"{name}/kernel"].transpose(3, 2, 0, 1)
        )
        width = kernel.shape[-1]
        pads = self.pads.get(source, same(size, width, stride) if config["padding"] == "same" else (0, 0))
        norm, active = self.after(name)
        shape = Shape(stride, pads, groups=kernel.shape[0] if depthwise else 1)
        self.made[name] = self.net.convolution(self.made[source], kernel, norm, shape, relu6=active)
        self.sizes[name] = (size + sum(pads) - width) // stride + 1

    def after(self, name: str) -> tuple[Norm, bool]:
        """The batch norm that follows the convolution `name`, and whether a ReLU6 follows that."""
        norm = self.next[name]
        config = self.layers[norm]["config"]
        if self.layers[norm]["class_name"] != "BatchNormalization" or config["epsilon"] != EPSILON:
            raise PretrainedError(f"{name} is not followed by a batch norm as it is known here")
        names = [f"{norm}/{part}" for part in ("gamma", "beta", "moving_mean", "moving_variance")]
        return Norm.of(self.values, names, EPSILON), self.layers[self.next[norm]]["class_name"] == "ReLU"

    def addition(self, name: str) -> None:
        first, second = self.sources(name)
        self.made[name] = self.net.graph.add("Add", self.made[first], self.made[second])
        self.sizes[name] = self.sizes[first]

    def dense(self, name: str) -> None:
        """Kept until the last one, which makes the head of them all."""
        self.passed(name)
        self.head.append(Dense(self.values[f"{name}/kernel"], self.values[f"{name}/bias"]))
        if name not in self.next:
            self.net.head(self.made[name], self.head)
