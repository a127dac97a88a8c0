"""The networks that look at a picture: what each wants to be shown, and what it answers."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from lambdas.content.image.picture import Array, Floats, Pixels
from lambdas.content.image.resize import resized
from lambdas.core.model import OnnxModel

IMAGE: Final = "image"
LOGITS: Final = "logits"
CELLS: Final = "cells"
EMBEDDING: Final = "embedding"
MAP: Final = "map"

SIDE: Final = 224
OPEN_SIDE: Final = 256
OPEN_MEAN: Final = np.array([104, 117, 123], dtype=np.float32)
LITE0: Final = {"size": SIDE, "mean": [127 / 255] * 3, "std": [128 / 255] * 3}
"""What EfficientNet-Lite was trained with; on 20 pictures of ImageNet better than the usual means."""

Prepare = Callable[[Pixels], Floats]


class Network:
    """One graph over one picture at a time; opened when it is first asked.

    `answers` are the outputs it has of `logits`, `cells`, `embedding`, `map`
    (model_build/pretrained/image_convnet.py says what they are).
    """

    def __init__(self, folder: Callable[[], Path], file: str, prepare: Prepare) -> None:
        self._folder, self._file, self._prepare = folder, file, prepare

    @cached_property
    def _model(self) -> OnnxModel:
        return OnnxModel(self._folder(), self._file)

    @property
    def answers(self) -> Sequence[str]:
        return self._model.outputs

    def look(self, pixels: Pixels, *outputs: str) -> dict[str, Array]:
        """Those of `outputs` that the graph has, each of the one picture (without the axis of the batch)."""
        wanted = [name for name in outputs if name in self.answers]
        made = self._model.run({IMAGE: self._prepare(pixels)[None]}, wanted)
        return {name: value[0] for name, value in made.items()}


def nsfwjs(folders: Mapping[str, Path]) -> Network | None:
    """NSFWJS, when it is among `folders`."""
    if "nsfwjs" not in folders:
        return None
    return Network(lambda: folders["nsfwjs"], "nsfwjs.onnx", _for_nsfwjs)


def open_nsfw(folders: Mapping[str, Path]) -> Network | None:
    """open_nsfw, when it is among `folders`."""
    if "opennsfw" not in folders:
        return None
    return Network(lambda: folders["opennsfw"], "opennsfw.onnx", _for_open_nsfw)


def encoder(folders: Mapping[str, Path], settings: Mapping[str, Any] | None) -> Network | None:
    """The encoder that `settings` name: None, the packaged `lite0`, or one of the user's own.

    `{"kind": "lite0"}`, or `{"kind": "onnx", "folder", "file", "size", "mean", "std"}`: a graph in that
    folder with the input `image` float32 [n, size, size, 3], RGB from 0 to 1 less the mean and divided by the
    deviation of each channel; outputs at least `embedding` [n, D], and `logits` [n, 1000] when it tells
    ImageNet's classes.
    """
    if settings is None:
        return None
    if settings["kind"] == "lite0":
        settings = {**LITE0, "folder": "lite0", "file": "lite0.onnx"}
    name, size = settings["folder"], int(settings["size"])
    if name not in folders:
        return None
    mean = np.asarray(settings["mean"], dtype=np.float32) * 255
    std = np.asarray(settings["std"], dtype=np.float32) * 255
    return Network(
        lambda: folders[name], settings["file"], lambda pixels: (_square(pixels, size) - mean) / std
    )


def _square(pixels: Pixels, side: int) -> Floats:
    """The whole picture as float32 [side, side, 3] of 0 to 255: what is at its edge is seen too."""
    return resized(pixels, (side, side)).astype(np.float32)


def _for_nsfwjs(pixels: Pixels) -> Floats:
    return _square(pixels, SIDE) / np.float32(255)


def _for_open_nsfw(pixels: Pixels) -> Floats:
    """As it was trained: the middle of a square of 256, once through JPEG, BGR less the mean."""
    from PIL import Image, JpegImagePlugin  # noqa: PLC0415

    square = Image.fromarray(resized(pixels, (OPEN_SIDE, OPEN_SIDE)))
    edge = (OPEN_SIDE - SIDE) // 2
    file = io.BytesIO()
    square.crop((edge, edge, edge + SIDE, edge + SIDE)).save(file, format="JPEG")
    file.seek(0)
    with JpegImagePlugin.JpegImageFile(file) as again:
        return np.asarray(again, dtype=np.float32)[..., ::-1] - OPEN_MEAN
