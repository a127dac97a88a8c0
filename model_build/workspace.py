"""Where the stages leave their results for one another, as JSON files and folders."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from model_build.errors import BuildError, StageNotRun

T = TypeVar("T")


@dataclass(frozen=True)
class Workspace:
    """The folder of one service's training below the build folder."""

    build: Path
    service: str

    @property
    def work(self) -> Path:
        """What the stages hand to one another; made anew by every training."""
        return self.build / self.service / "work"

    @property
    def media(self) -> Path:
        """What is known of the files that CSVs name, by their sha256; it outlives a training."""
        return self.build / self.service / "media"

    @property
    def assets(self) -> Path:
        """Weights of others that bundles name, by their sha256."""
        return self.build / self.service / "assets"

    @property
    def bundles(self) -> Path:
        """One folder a bundle, by version."""
        return self.build / self.service / "bundles"

    @property
    def _tracked(self) -> Path:
        return self.build / self.service / "tracked"

    def note_tracked(self, version: str, where: str) -> None:
        """Remember that the bundle `version` was logged."""
        self._tracked.mkdir(parents=True, exist_ok=True)
        (self._tracked / version).write_text(f"{where}\n", encoding="utf-8")

    def was_tracked(self, version: str) -> bool:
        """Whether the bundle `version` was logged."""
        return (self._tracked / version).is_file()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one training; raises BuildError while another process trains in it.

        The lock is the kernel's: it goes away with the process, however that ends.
        """
        folder = self.build / self.service
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BuildError(
                    f"another training is under way in {folder}: wait for it, or pass another --build-dir"
                ) from error
            yield

    def path(self, name: str) -> Path:
        """The file or folder `name`, its parent made."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, value: Any) -> None:
        """Keep `value` (a msgspec Struct or a dataclass) as <name>.json."""
        raw = msgspec.json.encode(value, enc_hook=_encode)
        self.path(f"{name}.json").write_bytes(msgspec.json.format(raw))

    def read(self, name: str, kind: type[T], stage: str) -> T:
        """The value kept as <name>.json. Raises StageNotRun naming `stage` when it is not there."""
        path = self.work / f"{name}.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind, dec_hook=_decode)
        except FileNotFoundError as error:
            raise StageNotRun(
                f"{path} is not there: run `python -m model_build stage {stage} {self.service}` first"
            ) from error
        except msgspec.DecodeError as error:
            raise StageNotRun(
                f"{path} is from another version ({error}): run "
                f"`python -m model_build stage {stage} {self.service}` again"
            ) from error


def _encode(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):  # a numpy number
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise NotImplementedError(f"{type(value)} is not kept as JSON")


def _decode(kind: type, value: Any) -> Any:
    return kind(value)
