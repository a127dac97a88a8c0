"""Weights that are not ours and are large: in the artifacts bucket once, by sha256, fetched when needed.

A bundle's manifest names them; a request that does not need one never pays for it.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from lambdas.core.breaker import Breaker
from lambdas.core.bundle import FileEntry, sha256_of
from lambdas.core.errors import BundleError, NotFound

ASSETS = "assets"


class Asset(msgspec.Struct, frozen=True):
    """What `manifest.settings["assets"]` says of one: its files, its licence, and where it comes from."""

    files: dict[str, FileEntry]
    licence: str = ""
    source: str = ""


class Downloads(Protocol):
    """Where assets come from; `lambdas.core.aws.Bucket` is one."""

    def download(self, key: str, to: Path) -> object:
        """Write the object at `key` to the file `to`. Raises NotFound, DependencyDown."""
        ...


class Assets:
    """The assets of one service in the cache folder. Not for several threads at once."""

    def __init__(self, service: str, reader: Downloads, cache: Path) -> None:
        self._service = service
        self._reader = reader
        self._cache = cache / ASSETS
        self._checked: set[Path] = set()
        self._breaker = Breaker("the bucket of assets")

    def folder(self, name: str, files: Mapping[str, FileEntry]) -> Path:
        """The folder with `files`, each with the sha256 that is said; downloaded when it is not there yet.

        Content-addressed: other files under the same name are another folder. What lands is checked before it
        gets its name, and what is found once a process. Raises BundleError, DependencyDown.
        """
        folder = self._cache / f"{name}-{_digest(files)[:16]}"
        if folder in self._checked:
            return folder
        if not _whole(folder, files):
            shutil.rmtree(folder, ignore_errors=True)
            self._download(name, files, folder)
        self._checked.add(folder)
        return folder

    def _download(self, name: str, files: Mapping[str, FileEntry], folder: Path) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        needed, free = sum(entry.bytes for entry in files.values()), shutil.disk_usage(self._cache).free
        if free < needed:
            raise BundleError(f"{self._cache} has {free} bytes free, {name} needs {needed}")
        with tempfile.TemporaryDirectory(dir=self._cache, prefix=".incoming-") as incoming:
            landing = Path(incoming) / folder.name
            landing.mkdir()
            for file, entry in files.items():
                try:
                    self._fetch(key_of(self._service, entry.sha256), landing / file)
                except NotFound as error:
                    raise BundleError(f"{name}: {file} is not in the bucket: publish again") from error
            if not _whole(landing, files):
                raise BundleError(f"{name}: a file in the bucket does not match its sha256")
            try:
                landing.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise  # not another worker that was faster

    def _fetch(self, key: str, to: Path) -> None:
        self._breaker.call(lambda: self._reader.download(key, to))


def key_of(service: str, sha256: str) -> str:
    """The key in the artifacts bucket of a file with this sha256."""
    return f"{service}/{ASSETS}/{sha256}"


def assets_of(settings: Mapping[str, Any]) -> dict[str, Asset]:
    """The assets that a manifest's settings name, by name. Raises BundleError for what cannot be one."""
    try:
        found = msgspec.convert(settings.get(ASSETS) or {}, dict[str, Asset])
    except msgspec.ValidationError as error:
        raise BundleError(f"the assets of the manifest cannot be read: {error}") from error
    for name, asset in found.items():
        for part in (name, *asset.files):
            if "/" in part or "\\" in part or part in {"", ".", ".."}:
                raise BundleError(f"asset {name} names a file outside its folder: '{part}'")
        if any(len(e.sha256) != 64 or not e.sha256.isalnum() for e in asset.files.values()):
            raise BundleError(f"asset {name} has a file without a sha256")
    return found


def _whole(folder: Path, files: Mapping[str, FileEntry]) -> bool:
    return all(
        (folder / name).is_file()
        and (folder / name).stat().st_size == entry.bytes
        and sha256_of(folder / name) == entry.sha256
        for name, entry in files.items()
    )


def _digest(files: Mapping[str, FileEntry]) -> str:
    said = sorted((name, entry.sha256) for name, entry in files.items())
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()
