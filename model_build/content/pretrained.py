"""The packaged models that a bundle names, and where their files are left for publishing."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lambdas.core.assets import ASSETS
from lambdas.core.bundle import sha256_of
from model_build.pretrained.base import Pretrained, make

HOME = "TRIAGE_PRETRAINED"
"""Where the converted models are kept instead of `pretrained` in the build folder: several builds share
them."""


def packaged(name: str, build: Path) -> Pretrained:
    """The packaged model `name`, converted once a machine. Raises PretrainedError."""
    home = Path(os.environ.get(HOME) or build / "pretrained")
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as file:  # two trainings must not convert the same model at once
        fcntl.flock(file, fcntl.LOCK_EX)
        return make(name, home)


def folders_of(names: Sequence[str], build: Path) -> dict[str, Path]:
    """The folders of these models. Raises PretrainedError."""
    return {name: packaged(name, build).folder for name in names}


def leave_assets(names: Sequence[str], build: Path) -> dict[str, Any]:
    """What `manifest.settings["assets"]` says of these models; their files are left in
    `build`/content/assets by their sha256, linked where the disk allows it and copied otherwise."""
    folder = build / "content" / ASSETS
    folder.mkdir(parents=True, exist_ok=True)
    said: dict[str, Any] = {}
    for name in names:
        model = packaged(name, build)
        files = {}
        for file, path in sorted(model.files.items()):
            digest = sha256_of(path)
            _leave(path, folder / digest)
            files[file] = {"sha256": digest, "bytes": path.stat().st_size}
        about = model.about
        said[name] = {"files": files, "licence": about.licence, "source": f"{about.package} {about.version}"}
    return said


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
