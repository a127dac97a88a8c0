"""The OCR graphs as they are packaged, less their notes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from model_build.pretrained import base, image_source, ocr
from model_build.pretrained.base import PretrainedError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ocr.make(tmp_path_factory.mktemp("ocr")).folder


@pytest.mark.parametrize(
    ("name", "shape"), [(ocr.DETECTION, (1, 3, 64, 96)), (ocr.RECOGNITION, (2, 3, 48, 160))]
)
def test_they_say_what_the_packaged_ones_say(folder: Path, name: str, shape: tuple[int, ...]) -> None:
    packaged = image_source.python_files(ocr.ABOUT.package, ocr.ABOUT.version, ocr.SHA256)[ocr.PACKAGED[name]]
    shown = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    (theirs,) = onnxruntime.InferenceSession(str(packaged)).run(None, {"x": shown})
    (ours,) = onnxruntime.InferenceSession(str(folder / name)).run(["read"], {"image": shown})
    assert np.array_equal(theirs, ours)


def test_the_alphabet_has_a_line_for_each_class_but_the_first(folder: Path) -> None:
    alphabet = (folder / ocr.ALPHABET).read_text("utf-8").split("\n")
    assert alphabet.pop() == ""
    (read,) = onnxruntime.InferenceSession(str(folder / ocr.RECOGNITION)).run(
        None, {"image": np.zeros((1, 3, 48, 64), dtype=np.float32)}
    )
    assert len(alphabet) == read.shape[2] - 1
    assert alphabet[-1] == " "
    assert {"a", "Z", "7", "!", "é", "á"} <= set(alphabet)


def test_what_the_card_says_is_missing_is_missing(folder: Path) -> None:
    alphabet = set((folder / ocr.ALPHABET).read_text("utf-8").split("\n"))
    assert not set("ñçêô") & alphabet


def test_the_same_package_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for name, path in ocr.make(tmp_path).files.items():
        assert path.read_bytes() == (folder / name).read_bytes()


def test_a_model_without_an_alphabet_is_refused() -> None:
    with pytest.raises(PretrainedError, match="alphabet"):
        ocr._alphabet(onnx.ModelProto())


def test_by_name_once_a_machine(tmp_path: Path) -> None:
    made = base.make("ocr", tmp_path)
    assert made.files.keys() == {ocr.ALPHABET, ocr.DETECTION, ocr.RECOGNITION}
    stamps = {path: path.stat().st_mtime_ns for path in made.files.values()}
    assert {path: path.stat().st_mtime_ns for path in base.make("ocr", tmp_path).files.values()} == stamps
    assert made.about.licence == "Apache-2.0"
