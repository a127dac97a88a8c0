"""NSFWJS's MobileNet v2: drawing, hentai, neutral, porn or sexy."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Final

from model_build.encoders import graph
from model_build.pretrained import image_convnet, image_keras, image_source
from model_build.pretrained.base import About, Pretrained, PretrainedError

SOURCES: Final = tuple(
    Path(str(module.__file__)) for module in (image_convnet, image_keras, image_source, graph)
)
FILE: Final = "nsfwjs.onnx"
TOPOLOGY: Final = "dist/models/mobilenet_v2/model.min.js"
WEIGHTS: Final = "dist/models/mobilenet_v2/group1-shard1of1.min.js"
SHA256: Final = {
    TOPOLOGY: "c32f104fd562b08cdff5ed69dfe1209643afa47e792fb12751d2949aa61a397a",
    WEIGHTS: "ef2e0a63f7d2c4960b37b024b669313f65d3c45cd59e9042636c55b39de53517",
}
ABOUT: Final = About(
    name="NSFWJS (MobileNet v2)",
    package="nsfwjs (npm)",
    version="4.3.0",
    licence="MIT",
    about="whether a picture is a drawing, hentai, neutral, porn or sexy; recall not measured here",
)
EXPORTED: Final = re.compile(r"\b\w\.exports=(?P<value>[{\"].*)\},\{\}\]\},\{\},\[1\]\)\(1\)\}\);?\s*$", re.S)


def make(folder: Path) -> Pretrained:
    """`nsfwjs.onnx` in `folder`. Raises PretrainedError.

    Input `image` float32 [n, 224, 224, 3], RGB from 0 to 1; the five classes in the order above; outputs as
    `Convnet.head` says.
    """
    paths = image_source.npm_files("nsfwjs", ABOUT.version, SHA256)
    stored = image_keras.literal(_exported(paths[TOPOLOGY]))
    data = base64.b64decode(image_keras.literal(_exported(paths[WEIGHTS])))
    values = image_keras.weights(stored["weightsManifest"][0]["weights"], data)
    layers = stored["modelTopology"]["model_config"]["config"]["layers"]
    model = image_keras.build(layers, values, "nsfwjs")
    (folder / FILE).write_bytes(model.SerializeToString(deterministic=True))
    return Pretrained(ABOUT, folder, {FILE: folder / FILE})


def _exported(path: Path) -> str:
    """What the bundled script exports, as the JavaScript literal that it is."""
    found = EXPORTED.search(path.read_text("utf-8"))
    if found is None:
        raise PretrainedError(f"{path} is not a script that exports a value")
    return found["value"]
