"""EfficientNet-Lite0 from a PyTorch checkpoint, without PyTorch."""

from __future__ import annotations

import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from model_build.pretrained import image_source, lite0, torch_checkpoint
from model_build.pretrained.base import PretrainedError
from model_build.pretrained.image_convnet import same
from model_build.pretrained.torch_checkpoint import Array


class Named:
    """Pickled as a reference to a function or class of that name, which need not be there."""

    def __init__(self, module: str, name: str, *arguments: Any) -> None:
        self.module, self.name, self.arguments = module, name, arguments


class Writer(pickle._Pickler):
    """Writes what PyTorch wrote before 1.6, for tests: storages by reference, names as they are asked for."""

    def persistent_id(self, obj: Any) -> Any:
        return obj if isinstance(obj, tuple) and obj[:1] == ("storage",) else None

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if not isinstance(obj, Named):
            super().save(obj, save_persistent_id)
            return
        self.write(b"c" + f"{obj.module}\n{obj.name}\n".encode())
        if obj.arguments:
            super().save(obj.arguments)
            self.write(b"R")


def checkpoint(content: Any, storages: dict[str, Array]) -> bytes:
    file = io.BytesIO()
    for part in (
        torch_checkpoint.MAGIC,
        torch_checkpoint.PROTOCOL,
        {"little_endian": True},
        content,
        list(storages),
    ):
        Writer(file, 2).dump(part)
    for numbers in storages.values():
        file.write(struct.pack("<q", numbers.size) + numbers.tobytes())
    return file.getvalue()


def tensor(key: str, size: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Named:
    storage = ("storage", Named("torch", "FloatStorage"), key, "cpu", size, None)
    return Named(
        "torch._utils",
        "_rebuild_tensor_v2",
        storage,
        offset,
        shape,
        strides,
        False,
        Named("collections", "OrderedDict"),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def test_tensors_are_read_with_their_strides(path: Path) -> None:
    numbers = np.arange(12, dtype=np.float32)
    path.write_bytes(
        checkpoint(
            {"rows": tensor("0", 12, 0, (3, 4), (4, 1)), "turned": tensor("0", 12, 2, (2, 5), (1, 2))},
            {"0": numbers},
        )
    )
    read = torch_checkpoint.read(path)
    assert np.array_equal(read["rows"], numbers.reshape(3, 4))
    assert np.array_equal(read["turned"], numbers[2:].reshape(5, 2).T)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"a": Named("os", "system", "false")}, "os.system"),
        ({"a": Named("builtins", "eval", "1")}, "builtins.eval"),
        ({"a": Named("torch", "load", "x")}, "torch.load"),
        ({"a": 7}, "more in it than tensors"),
        ({"a": tensor("0", 12, 9, (2, 2), (2, 1))}, "beyond its storage"),
        ({"a": tensor("0", 12, 0, (2, 2), (-1, 1))}, "backwards"),
        ({"a": tensor("0", 12, 0, (2, 10**12), (1, 1))}, "beyond its storage"),
    ],
)
def test_anything_else_is_refused_and_nothing_is_run(
    path: Path, content: Any, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(os, "system", ran.append)
    path.write_bytes(checkpoint(content, {"0": np.zeros(12, dtype=np.float32)}))
    with pytest.raises(PretrainedError, match=word):
        torch_checkpoint.read(path)
    assert ran == []


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_what_is_cut_short_is_refused(path: Path, share: float) -> None:
    whole = checkpoint({"a": tensor("0", 12, 0, (12,), (1,))}, {"0": np.zeros(12, dtype=np.float32)})
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(PretrainedError):
        torch_checkpoint.read(path)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pads"),
    [(224, 3, 2, (0, 1)), (112, 3, 1, (1, 1)), (56, 5, 2, (1, 2)), (14, 5, 1, (2, 2)), (7, 1, 1, (0, 0))],
)
def test_the_padding_is_that_of_tensorflow(
    size: int, kernel: int, stride: int, pads: tuple[int, int]
) -> None:
    assert same(size, kernel, stride) == pads


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lite0.make(tmp_path_factory.mktemp("lite0")).files["lite0.onnx"]


def test_the_outputs_hang_together(file: Path) -> None:
    session = onnxruntime.InferenceSession(str(file))
    shown = np.random.default_rng(0).normal(size=(2, 224, 224, 3)).astype(np.float32)
    made = dict(
        zip((value.name for value in session.get_outputs()), session.run(None, {"image": shown}), strict=True)
    )
    assert {name: value.shape for name, value in made.items()} == {
        "logits": (2, 1000), "cells": (2, 7, 7, 1000), "embedding": (2, 1280), "map": (2, 7, 7, 1280),
    }  # fmt: skip
    assert np.abs(made["map"].mean(axis=(1, 2)) - made["embedding"]).max() < 1e-5
    assert np.abs(made["cells"].mean(axis=(1, 2)) - made["logits"]).max() < 1e-4


def test_a_batch_says_what_its_pictures_say_alone(file: Path) -> None:
    session = onnxruntime.InferenceSession(str(file))
    shown = np.random.default_rng(1).normal(size=(3, 224, 224, 3)).astype(np.float32)
    (together,) = session.run(["embedding"], {"image": shown})
    alone = np.concatenate([session.run(["embedding"], {"image": one[None]})[0] for one in shown])
    assert np.abs(together - alone).max() < 1e-4


def test_every_weight_is_used(file: Path) -> None:
    weights = torch_checkpoint.read(
        image_source.python_files(lite0.ABOUT.package, "0.1.0", lite0.SHA256)[lite0.WEIGHTS]
    )
    asked: set[str] = set()

    class Remembering(dict[str, Array]):
        def __getitem__(self, name: str) -> Array:
            asked.add(name)
            return super().__getitem__(name)

    lite0.build(Remembering(weights))
    assert asked == {name for name in weights if not name.endswith("num_batches_tracked")}


def test_the_same_package_gives_the_same_bytes(file: Path, tmp_path: Path) -> None:
    assert lite0.make(tmp_path).files["lite0.onnx"].read_bytes() == file.read_bytes()
