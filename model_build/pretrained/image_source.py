"""Where the packages of the image models keep their weights: found without importing anything of theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lambdas.core.bundle import sha256_of
from model_build.encoders import packaged
from model_build.encoders.base import Source
from model_build.encoders.errors import EncoderError
from model_build.pretrained.base import PretrainedError

INSTALL: Final = "make setup"
NODE_MODULES: Final = Path(__file__).resolve().parents[2] / "node_modules"


def python_files(package: str, version: str, sha256: Mapping[str, str]) -> dict[str, Path]:
    """The files of an installed Python package, by the keys of `sha256` (relative to site-packages).

    Raises PretrainedError when the package is not there in that version, or a file is not the pinned one.
    """
    try:
        return packaged.find(Source(package, version, sha256), INSTALL)
    except EncoderError as error:
        raise PretrainedError(error.detail) from error


def npm_files(
    package: str, version: str, sha256: Mapping[str, str], folder: Path = NODE_MODULES
) -> dict[str, Path]:
    """The files of an installed npm package, by the keys of `sha256` (relative to its folder).

    Raises PretrainedError as `python_files` does.
    """
    root = folder / package
    try:
        found = json.loads((root / "package.json").read_bytes())["version"]
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise PretrainedError(
            f"the npm package {package} {version} is not installed: run `{INSTALL}`"
        ) from error
    if found != version:
        raise PretrainedError(f"the npm package {package} is {found}, not {version}: run `{INSTALL}`")
    for name, digest in sha256.items():
        if not (root / name).is_file() or sha256_of(root / name) != digest:
            raise PretrainedError(
                f"{root / name} is missing or not the file of {package} {version} that was pinned: "
                f"remove the folder {root}, then run `{INSTALL}`"
            )
    return {name: root / name for name in sha256}
