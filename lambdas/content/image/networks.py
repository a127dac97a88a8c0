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
OPEN_MEAN: Final = np.tile(np.array([104, 117, 123], dtype=np.float32), (SIDE, 1))
LITE0: Final = {"size": SIDE, "mean": [127 / 255] * 3, "std": [128 / 255] * 3}
"""What EfficientNet-Lite was trained with; on 20 pictures of ImageNet better than the usual means."""

Prepare = Callable[[Pixels], Floats]
"""From a square of the network's size to what it is fed."""


class Network:
    """One graph over one picture at a time; opened when it is first asked.

    It is shown a square of `side` pixels with the whole picture in it: what is at the edge is seen too.
    `answers` are the outputs it has of `logits`, `cells`, `embedding`, `map`
    (model_build/pretrained/image_convnet.py says what they are).
    """

    def __init__(self, folder: Callable[[], Path], file: str, side: int, prepare: Prepare) -> None:
        self._folder, self._file, self._side, self._prepare = folder, file, side, prepare

    @cached_property
    def _model(self) -> OnnxModel:
        return OnnxModel(self._folder(), self._file)

    @property
    def answers(self) -> Sequence[str]:
        return self._model.outputs

    def look(
        self, pixels: Pixels, *outputs: str, squares: dict[int, Pixels] | None = None
    ) -> dict[str, Array]:
        """Those of `outputs` that the graph has, each of the one picture (without the axis of the batch).

        `squares` are the same picture as squares by their side, to share; one that is missing is added.
        """
        wanted = [name for name in outputs if name in self.answers]
        known = {} if squares is None else squares
        if self._side not in known:
            known[self._side] = resized(pixels, (self._side, self._side))
        made = self._model.run({IMAGE: self._prepare(known[self._side])[None]}, wanted)
        return {name: value[0] for name, value in made.items()}


def nsfwjs(folders: Mapping[str, Path]) -> Network | None:
    """NSFWJS, when it is among `folders`."""
    if "nsfwjs" not in folders:
        return None
    return Network(lambda: folders["nsfwjs"], "nsfwjs.onnx", SIDE, _for_nsfwjs)


def open_nsfw(folders: Mapping[str, Path]) -> Network | None:
    """open_nsfw, when it is among `folders`."""
    if "opennsfw" not in folders:
        return None
    return Network(lambda: folders["opennsfw"], "opennsfw.onnx", OPEN_SIDE, _for_open_nsfw)


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
    # A row of each: numpy is slow over an axis of three.
    mean = np.tile(np.asarray(settings["mean"], dtype=np.float32) * 255, (size, 1))
    std = np.tile(np.asarray(settings["std"], dtype=np.float32) * 255, (size, 1))
    return Network(lambda: folders[name], settings["file"], size, lambda square: (square - mean) / std)


def _for_nsfwjs(square: Pixels) -> Floats:
    return square.astype(np.float32) / np.float32(255)


def _for_open_nsfw(square: Pixels) -> Floats:
    """As it was trained: the middle of a square of 256, once through JPEG, BGR less the mean."""
    from PIL import Image, JpegImagePlugin  # noqa: PLC0415

    edge = (OPEN_SIDE - SIDE) // 2
    file = io.BytesIO()
    middle = Image.fromarray(square[edge : edge + SIDE, edge : edge + SIDE])
    middle.save(file, format="JPEG")
    file.seek(0)
    with JpegImagePlugin.JpegImageFile(file) as again:
        return np.asarray(again)[..., ::-1] - OPEN_MEAN
