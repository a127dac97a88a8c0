"""The packaged models that a bundle names, and where their files are left for publishing."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lambdas.core.assets import ASSETS
from lambdas.core.bundle import sha256_of
from lambdas.core.errors import NotFound
from model_build.pretrained.base import Pretrained, make

HOME = "TRIAGE_PRETRAINED"
"""Where the converted models are kept instead of `pretrained` in the build folder: several builds share
them."""


def packaged(name: str, build: Path) -> Pretrained:
    """The packaged model `name`, converted once a machine. Raises PretrainedError."""
    home = home_of(build)
    with locked(home):
        return make(name, home)


def home_of(build: Path) -> Path:
    """Where the converted models are kept."""
    return Path(os.environ.get(HOME) or build / "pretrained")


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Two trainings must not convert the same model at once."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def leave_assets(models: Mapping[str, Pretrained], build: Path) -> dict[str, Any]:
    """What `manifest.settings["assets"]` says of these models; their files are left in
    `build`/content/assets by their sha256, linked where the disk allows it and copied otherwise."""
    folder = build / "content" / ASSETS
    folder.mkdir(parents=True, exist_ok=True)
    said: dict[str, Any] = {}
    for name, model in models.items():
        files = {}
        for file, path in sorted(model.files.items()):
            digest = sha256_of(path)
            _leave(path, folder / digest)
            files[file] = {"sha256": digest, "bytes": path.stat().st_size}
        about = model.about
        said[name] = {"files": files, "licence": about.licence, "source": f"{about.package} {about.version}"}
    return said


class Left:
    """What was left, as `lambdas.core.assets.Assets` downloads it: linked where the disk allows it."""

    def __init__(self, build: Path) -> None:
        self._folder = build / "content" / ASSETS

    def download(self, key: str, to: Path) -> None:
        """Put the file of that key at `to`. Raises NotFound."""
        path = self._folder / key.rpartition("/")[2]
        if not path.is_file():
            raise NotFound(f"{path} is not there")
        _leave(path, to)


def _leave(path: Path, target: Path) -> None:
    if target.is_file() and target.stat().st_size == path.stat().st_size:
        return
    landing = target.with_suffix(f".{os.getpid()}")
    landing.unlink(missing_ok=True)
    try:
        os.link(path, landing)
    except OSError:
        shutil.copyfile(path, landing)
    landing.rename(target)
