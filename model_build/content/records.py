"""What is known of files, on disk by their sha256, so that a file is looked at once whatever trains on it."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.errors import StageNotRun

Floats = npt.NDArray[np.float32]


class Record(msgspec.Struct, frozen=True):
    """One file: `signals` [policies] and `features` [D] as float32 bytes, and the words that were found."""

    signals: bytes
    features: bytes
    text: str

    @classmethod
    def of(cls, signals: npt.NDArray[Any], features: npt.NDArray[Any], text: str) -> Record:
        """From arrays."""
        return cls(signals.astype("<f4").tobytes(), features.astype("<f4").tobytes(), text)

    def arrays(self) -> tuple[Floats, Floats]:
        """(signals, features)."""
        return np.frombuffer(self.signals, "<f4"), np.frombuffer(self.features, "<f4")


class Records:
    """The files of one `kind`, looked at by one `recipe`, below `folder`."""

    def __init__(self, folder: Path, kind: str, recipe: str) -> None:
        self.folder = folder / kind / recipe

    def get(self, sha256: str) -> Record | None:
        """What is known of the file with this sha256; None when nothing is, or what is there is damaged."""
        try:
            return msgspec.msgpack.decode(self._path(sha256).read_bytes(), type=Record)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def put(self, sha256: str, record: Record) -> None:
        """Keep it, whole or not at all."""
        path = self._path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        landing = path.with_suffix(f".{os.getpid()}")
        landing.write_bytes(msgspec.msgpack.encode(record))
        landing.rename(path)

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256


class Looked(msgspec.Struct, frozen=True):
    """Which records the newest training uses, by kind: the recipe."""

    recipes: dict[str, str]

    def save(self, folder: Path) -> None:
        """Write it into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "looked.json").write_bytes(msgspec.json.encode(self))


def looked_in(folder: Path) -> Looked:
    """What `Looked.save` wrote; raises StageNotRun."""
    path = folder / "looked.json"
    if not path.is_file():
        raise StageNotRun(f"{path} is not there: run the stage clean first")
    return msgspec.json.decode(path.read_bytes(), type=Looked)


def sha256_of_path(path: str) -> str:
    """The sha256 of a file, which is read once as long as it does not change."""
    file = Path(path)
    return _sha256(path, file.stat().st_mtime_ns)


@lru_cache(maxsize=200_000)
def _sha256(path: str, changed: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
