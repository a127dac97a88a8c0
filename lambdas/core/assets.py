"""Weights that are not ours and are large: in the artifacts bucket once, by sha256, fetched when needed.

A bundle's manifest names them; a request that does not need one never pays for it.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

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


class Hold:
    """Somebody works with these folders: while this is kept, they are not given up."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = frozenset(folders)


class Assets:
    """The assets of one service in the cache folder. Not for several threads at once.

    Where there is no room for another, those that nobody holds are given up, the oldest first.
    """

    def __init__(self, service: str, reader: Downloads, cache: Path) -> None:
        self._service = service
        self._reader = reader
        self._cache = cache / ASSETS
        self._checked: set[Path] = set()
        self._breaker = Breaker("the bucket of assets")
        self._holds: WeakSet[Hold] = WeakSet()

    def hold(self, assets: Mapping[str, Asset]) -> Hold:
        """Keep the folders of `assets`, there or still to come, for as long as what this returns."""
        hold = Hold(self._place(name, asset.files) for name, asset in assets.items())
        self._holds.add(hold)
        return hold

    def folder(self, name: str, files: Mapping[str, FileEntry]) -> Path:
        """The folder with `files`, each with the sha256 that is said; downloaded when it is not there yet.

        Content-addressed: other files under the same name are another folder. What lands is checked before it
        gets its name, and what is found once a process. Raises BundleError, DependencyDown.
        """
        folder = self._place(name, files)
        if folder in self._checked:
            return folder
        if not _whole(folder, files):
            shutil.rmtree(folder, ignore_errors=True)
            self._download(name, files, folder)
        self._checked.add(folder)
        return folder

    def _place(self, name: str, files: Mapping[str, FileEntry]) -> Path:
        return self._cache / f"{name}-{_digest(files)[:16]}"

    def _download(self, name: str, files: Mapping[str, FileEntry], folder: Path) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        self._make_room(name, sum(entry.bytes for entry in files.values()))
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

    def _make_room(self, name: str, needed: int) -> None:
        """Raise BundleError when there is no room for `needed` bytes, even without what nobody holds."""
        held = frozenset[Path]().union(*(hold.folders for hold in self._holds))
        others = [folder for folder in self._cache.iterdir() if folder not in held and folder.name[0] != "."]
        others.sort(key=lambda folder: folder.stat().st_mtime)
        while (free := shutil.disk_usage(self._cache).free) < needed:
            if not others:
                raise BundleError(f"{self._cache} has {free} bytes free, {name} needs {needed}")
            self._checked.discard(others[0])
            shutil.rmtree(others.pop(0), ignore_errors=True)

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
