"""NSFWJS as ONNX, against its layers calculated one after the other as Keras defines them."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from model_build.pretrained import image_keras, image_source, nsfwjs
from model_build.pretrained.base import PretrainedError
from model_build.pretrained.image_convnet import same

Floats = npt.NDArray[np.float32]


def layers_and_weights() -> tuple[list[dict[str, Any]], dict[str, Floats]]:
    paths = image_source.npm_files("nsfwjs", "4.3.0", nsfwjs.SHA256)
    stored = image_keras.literal(nsfwjs._exported(paths[nsfwjs.TOPOLOGY]))
    data = base64.b64decode(image_keras.literal(nsfwjs._exported(paths[nsfwjs.WEIGHTS])))
    values = image_keras.weights(stored["weightsManifest"][0]["weights"], data)
    return stored["modelTopology"]["model_config"]["config"]["layers"], values


def convolved(value: Floats, kernel: Floats, stride: int, padding: str, *, depthwise: bool) -> Floats:
    """[h, w, channels] with a Keras kernel, [height, width, in, out] or [height, width, channels, 1]."""
    height = kernel.shape[0]
    pads = same(value.shape[0], height, stride) if padding == "same" else (0, 0)
    value = np.pad(value, (pads, pads, (0, 0)))
    size = (value.shape[0] - height) // stride + 1
    made = np.zeros((size, size, kernel.shape[2] if depthwise else kernel.shape[3]), dtype=np.float32)
    for row in range(height):
        for column in range(height):
            seen = value[row : row + stride * size : stride, column : column + stride * size : stride]
            made += seen * kernel[row, column, :, 0] if depthwise else seen @ kernel[row, column]
    return made


def calculated(image: Floats, layers: list[dict[str, Any]], weights: dict[str, Floats]) -> Floats:
    """The probabilities of one picture, layer by layer."""
    made: dict[str, Floats] = {}
    for layer in layers:
        name, kind, config = layer["name"], layer["class_name"], layer["config"]
        came = (
            [made[source[0]] for source in layer["inbound_nodes"][0]] if layer["inbound_nodes"] else [image]
        )
        value = came[0]
        if kind == "ZeroPadding2D":
            value = np.pad(value, (*config["padding"], (0, 0)))
        elif kind in ("Conv2D", "DepthwiseConv2D"):
            depthwise = kind != "Conv2D"
            kernel = weights[f"{name}/depthwise_kernel" if depthwise else f"{name}/kernel"]
            value = convolved(value, kernel, config["strides"][0], config["padding"], depthwise=depthwise)
        elif kind == "BatchNormalization":
            gamma, beta, mean, variance = (
                weights[f"{name}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
            )
            value = (value - mean) / np.sqrt(variance + np.float32(config["epsilon"])) * gamma + beta
        elif kind == "ReLU":
            value = value.clip(0, config["max_value"])
        elif kind == "Add":
            value = came[0] + came[1]
        elif kind == "AveragePooling2D":
            value = value.mean(axis=(0, 1))
        elif kind == "Dense":
            value = value @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]
            value = value.clip(0) if config["activation"] == "relu" else value
        made[name] = value
    return np.exp(value) / np.exp(value).sum()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> onnxruntime.InferenceSession:
    made = nsfwjs.make(tmp_path_factory.mktemp("nsfwjs"))
    return onnxruntime.InferenceSession(str(made.files["nsfwjs.onnx"]))


def test_it_says_what_the_layers_say(session: onnxruntime.InferenceSession) -> None:
    layers, weights = layers_and_weights()
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.random((7, 7, 3)), np.ones((32, 32, 1)))
    for image in (rng.random((224, 224, 3)), smooth):
        shown = image.astype(np.float32)
        (logits,) = session.run(["logits"], {"image": shown[None]})
        shares = np.exp(logits[0]) / np.exp(logits[0]).sum()
        assert shares.sum() == pytest.approx(1)
        assert np.abs(shares - calculated(shown, layers, weights)).max() < 1e-4


def test_the_mean_of_the_places_is_the_whole(session: onnxruntime.InferenceSession) -> None:
    shown = np.random.default_rng(1).random((3, 224, 224, 3)).astype(np.float32)
    logits, cells = session.run(["logits", "cells"], {"image": shown})
    assert (logits.shape, cells.shape) == ((3, 5), (3, 7, 7, 5))
    assert np.abs(cells.mean(axis=(1, 2)) - logits).max() < 1e-4


def test_the_same_package_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        digests.add(
            hashlib.sha256(nsfwjs.make(tmp_path / name).files["nsfwjs.onnx"].read_bytes()).hexdigest()
        )
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("{a:!0,b:[.5,-.25,1e-3,-0],c:{d:null}}", {"a": True, "b": [0.5, -0.25, 0.001, 0], "c": {"d": None}}),
        ('{text:"a:!1,.5",other:"say \\"x\\""}', {"text": "a:!1,.5", "other": 'say "x"'}),
        ("[!1,10.5,.125]", [False, 10.5, 0.125]),
    ],
)
def test_minified_javascript_is_read(script: str, value: object) -> None:
    assert image_keras.literal(script) == value


def test_what_is_no_literal_is_refused() -> None:
    with pytest.raises(PretrainedError):
        image_keras.literal("{a:function(){}}")


def test_a_package_that_is_not_there_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(PretrainedError, match="make setup"):
        image_source.npm_files("nsfwjs", "4.3.0", nsfwjs.SHA256, tmp_path)
    (tmp_path / "nsfwjs").mkdir()
    about = tmp_path / "nsfwjs" / "package.json"
    about.write_text(json.dumps({"version": "4.2.0"}))
    with pytest.raises(PretrainedError, match=r"4\.2\.0"):
        image_source.npm_files("nsfwjs", "4.3.0", nsfwjs.SHA256, tmp_path)
    about.write_text(json.dumps({"version": "4.3.0"}))
    with pytest.raises(PretrainedError, match="pinned"):
        image_source.npm_files("nsfwjs", "4.3.0", nsfwjs.SHA256, tmp_path)


def test_weights_that_do_not_add_up_are_refused() -> None:
    entry = {
        "name": "w",
        "shape": [2, 2],
        "dtype": "float32",
        "quantization": {"dtype": "uint8", "min": -1.0, "scale": 0.5},
    }
    assert image_keras.weights([entry], bytes([0, 1, 2, 4]))["w"].tolist() == [[-1.0, -0.5], [0.0, 1.0]]
    with pytest.raises(PretrainedError):
        image_keras.weights([entry], bytes(5))
