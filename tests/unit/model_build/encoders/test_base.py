"""Encoders by name, and packages that are not what was pinned."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

import pytest

from lambdas.core.errors import TriageError
from model_build.encoders import packaged
from model_build.encoders.base import Source, load
from model_build.encoders.errors import EncoderDamaged, EncoderNotInstalled, UnknownEncoder

ENTRY = "onnx/__init__.py"


@pytest.mark.parametrize("name", ["", "bert", "hf:", "USE"])
def test_an_unknown_name_lists_what_exists(name: str) -> None:
    with pytest.raises(UnknownEncoder, match=r"use, minilm, hf:<model id or local folder>") as caught:
        load(name)
    assert isinstance(caught.value, TriageError)
    assert caught.value.field == "encoder"


def onnx_source(**changed: object) -> Source:
    found = Path(str(metadata.distribution("onnx").locate_file(ENTRY)))
    digest = hashlib.sha256(found.read_bytes()).hexdigest()
    values: dict[str, object] = {
        "package": "onnx", "version": metadata.version("onnx"), "sha256": {ENTRY: digest}, **changed
    }  # fmt: skip
    return Source(**values)  # type: ignore[arg-type]


def test_a_pinned_file_is_found() -> None:
    assert packaged.find(onnx_source(), "make setup")[ENTRY].is_file()


@pytest.mark.parametrize("changed", [{"package": "no-such-package"}, {"version": "0.0.1"}], ids=str)
def test_another_package_says_how_to_install_the_pinned_one(changed: dict[str, object]) -> None:
    with pytest.raises(EncoderNotInstalled, match="`make setup`"):
        packaged.find(onnx_source(**changed), "make setup")


@pytest.mark.parametrize("sha256", [{ENTRY: "0" * 64}, {"onnx/no_such_file": "0" * 64}], ids=str)
def test_other_bytes_are_refused(sha256: dict[str, str]) -> None:
    with pytest.raises(EncoderDamaged, match="not the file"):
        packaged.find(onnx_source(sha256=sha256), "make setup")
