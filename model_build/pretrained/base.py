"""Models that others trained and whose weights travel in packages: made into ONNX here, once a machine.

Nothing of theirs is committed: the weights are read from the pinned package, checked against their sha256,
and converted; the same packages give the same bytes. What a model is, whose, and under which licence goes
into the card of every bundle that uses it.
"""

from __future__ import annotations

import hashlib
import importlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

import msgspec

from lambdas.core.errors import TriageError

MODULES: Final[dict[str, str]] = {
    "nsfwjs": "model_build.pretrained.nsfwjs",
    "opennsfw": "model_build.pretrained.opennsfw",
    "lite0": "model_build.pretrained.lite0",
    "ocr": "model_build.pretrained.ocr",
    "whisper": "model_build.pretrained.whisper",
    "vad": "model_build.pretrained.vad",
    "sound": "model_build.pretrained.sound",
    "toxic-en": "model_build.pretrained.toxic_en",
}
DONE: Final = "made.json"


class PretrainedError(TriageError):
    """A packaged model is missing, damaged, or not the one that was pinned; the detail says what to run."""


class About(msgspec.Struct, frozen=True):
    """What the card says of it: whose, from where, under which licence, and what it does."""

    name: str
    package: str
    version: str
    licence: str
    about: str


@dataclass(frozen=True)
class Pretrained:
    """A converted model: its files by the name that serving opens them under, all of them in `folder`."""

    about: About
    folder: Path
    files: Mapping[str, Path]


class _Made(msgspec.Struct):
    about: About
    files: list[str]
    recipe: str


def make(name: str, cache: Path) -> Pretrained:
    """The model `name`, converted into `cache`/`name` unless that was done before by the same recipe.

    Raises PretrainedError.
    """
    module = _module(name)
    folder, recipe = cache / name, _recipe(module)
    known = _known(folder, recipe)
    if known is not None:
        return known
    landing = cache / f".{name}.part"
    shutil.rmtree(landing, ignore_errors=True)
    landing.mkdir(parents=True)
    made: Pretrained = module.make(landing)
    done = _Made(made.about, sorted(made.files), recipe)
    (landing / DONE).write_bytes(msgspec.json.encode(done))
    shutil.rmtree(folder, ignore_errors=True)
    landing.rename(folder)
    return Pretrained(made.about, folder, {file: folder / file for file in done.files})


def _module(name: str) -> ModuleType:
    if name not in MODULES:
        raise PretrainedError(f"there is no packaged model '{name}': choose one of {', '.join(MODULES)}")
    return importlib.import_module(MODULES[name])


def _known(folder: Path, recipe: str) -> Pretrained | None:
    try:
        done = msgspec.json.decode((folder / DONE).read_bytes(), type=_Made)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    files = {file: folder / file for file in done.files}
    if done.recipe != recipe or not all(path.is_file() for path in files.values()):
        return None
    return Pretrained(done.about, folder, files)


def _recipe(module: ModuleType) -> str:
    """A hash of the converting module, and of those it says it is made of in `SOURCES`."""
    paths = [Path(str(module.__file__)), *getattr(module, "SOURCES", ())]
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
