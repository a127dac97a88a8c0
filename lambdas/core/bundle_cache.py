"""S3 -> /tmp: the folders of the bundles that rollout.json names. Imports nothing that a function waits for.

So a thread can begin with it while a function imports the rest; see prefetch.py.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from lambdas.core.aws import Object
from lambdas.core.bundle import (
    MANIFEST,
    MODEL,
    Manifest,
    check_file,
    decode_manifest,
    served,
    verify_files,
)
from lambdas.core.early import Early, forget
from lambdas.core.errors import BundleError, TriageError
from lambdas.core.variant import ROLLOUT, BundleRef, decode_rollout


class ObjectReader(Protocol):
    """Where small objects come from; `lambdas.core.aws.Bucket` is one."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object, or None when its ETag is still `unless_etag`. Raises NotFound, DependencyDown."""
        ...


class BundleReader(ObjectReader, Protocol):
    """Where bundles come from; `lambdas.core.aws.Bucket` is one."""

    def download(self, key: str, to: Path) -> str:
        """Write the object to the file `to`; the hex sha256 of what came. Raises NotFound, DependencyDown."""
        ...


class BundleCache:
    """The bundles of one service in the cache folder. Not for several threads at once.

    Only what serving opens is fetched. It lands under a temporary name and is renamed once every sha256
    agrees, so a half or tampered download is never opened: only its graph may be, by `early`, once that one's
    own sha256 agrees. Its parts raise BundleError, DependencyDown, NotFound.
    """

    def __init__(
        self, service: str, reader: BundleReader, cache: Path, early: Callable[[Path], Early] | None = None
    ) -> None:
        self.service = service
        self._reader = reader
        self._cache = cache / service
        self._early = early
        self._ahead: dict[str, Object | Manifest | TriageError] = {}

    def look_ahead(self) -> None:
        """Fetch the rollout and the bundles that it names, for whoever asks for them next.

        Each is handed out once, and a failure is raised then and not here: asking a bucket that does not
        answer twice would take a starting function twice as long.
        """
        rollout_key = self._rollout_key
        try:
            found = self._read(rollout_key)
            self._ahead[rollout_key] = found
            rollout = decode_rollout(found.body, self.service)
        except TriageError as error:
            self._ahead.setdefault(rollout_key, error)
            return
        refs = [ref for ref in (rollout.champion, rollout.challenger) if ref is not None]
        for ref in refs:
            try:
                self._ahead[ref.manifest_sha256] = self._intact(ref, {each.version for each in refs})
            except TriageError as error:
                self._ahead[ref.manifest_sha256] = error

    def rollout(self, unless_etag: str | None) -> Object | None:
        """rollout.json, or None when its ETag is still `unless_etag`."""
        ahead = self._ahead.pop(self._rollout_key, None)
        if isinstance(ahead, TriageError):
            raise ahead
        if isinstance(ahead, Object):
            return ahead
        self._ahead.clear()  # it belonged to the rollout before
        return self._reader.get(self._rollout_key, unless_etag=unless_etag)

    def reference(self, version: str) -> BundleRef:
        """The bundle of `version` as it lies in the bucket: nothing vouches for it but its place there."""
        found = self._read(f"{self.service}/bundles/{version}/{MANIFEST}")
        return BundleRef(version, hashlib.sha256(found.body).hexdigest())

    def folder(self, ref: BundleRef, keep: Collection[str]) -> tuple[Path, Manifest]:
        """The folder of the intact bundle, downloaded when it is not there yet, and its manifest.

        Where there is no room, versions that are not in `keep` are given up.
        """
        ahead = self._ahead.pop(ref.manifest_sha256, None)
        if isinstance(ahead, TriageError):
            raise ahead
        folder = self._cache / ref.version
        if isinstance(ahead, Manifest) and (folder / MANIFEST).is_file():
            return folder, ahead
        return folder, self._intact(ref, keep)

    def forget_others(self, keep: Collection[str]) -> None:
        """Remove every version from the cache that is not in `keep`."""
        for folder in self._cache.iterdir() if self._cache.is_dir() else ():
            if folder.name not in keep and not folder.name.startswith("."):
                shutil.rmtree(folder, ignore_errors=True)
                forget(folder)

    @property
    def _rollout_key(self) -> str:
        return f"{self.service}/{ROLLOUT}"

    def _intact(self, ref: BundleRef, keep: Collection[str]) -> Manifest:
        if "/" in ref.version or ref.version in {"", ".", ".."}:
            raise BundleError(f"{ROLLOUT} names an impossible version '{ref.version}'")
        folder = self._cache / ref.version
        return self._cached(ref, folder) or self._download(ref, folder, keep)

    def _cached(self, ref: BundleRef, folder: Path) -> Manifest | None:
        """The manifest of an intact copy in the cache; a damaged copy is removed."""
        if not (folder / MANIFEST).is_file():
            return None
        try:
            return self._verified(ref, folder)
        except BundleError:
            shutil.rmtree(folder, ignore_errors=True)
            return None

    def _verified(self, ref: BundleRef, folder: Path) -> Manifest:
        manifest = self._manifest(ref, (folder / MANIFEST).read_bytes())
        verify_files(folder, manifest, served(manifest))
        return manifest

    def _manifest(self, ref: BundleRef, raw: bytes) -> Manifest:
        if hashlib.sha256(raw).hexdigest() != ref.manifest_sha256:
            raise BundleError(f"bundle {ref.version}: {MANIFEST} is not the one that {ROLLOUT} vouches for")
        return decode_manifest(raw, self.service)

    def _download(self, ref: BundleRef, folder: Path, keep: Collection[str]) -> Manifest:
        prefix = f"{self.service}/bundles/{ref.version}"
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache, prefix=".incoming-") as incoming:
            landing = Path(incoming) / ref.version
            landing.mkdir()
            raw = self._read(f"{prefix}/{MANIFEST}").body
            manifest = self._manifest(ref, raw)
            names = served(manifest)
            self._make_room(sum(manifest.files[name].bytes for name in names), keep)
            (landing / MANIFEST).write_bytes(raw)
            opening = None
            for name in names:
                path = self._land(prefix, name, manifest, landing)
                if name == MODEL:
                    opening = self._begin(path)
            try:
                landing.rename(folder)
            except OSError:
                if not (folder / MANIFEST).is_file():
                    raise
                manifest = self._verified(ref, folder)  # another worker was faster
        if opening:
            opening.keep_as(folder / MODEL)
        return manifest

    def _begin(self, graph: Path) -> Early | None:
        """The graph, being opened; None where the process may have no more files or threads."""
        try:
            return self._early(graph) if self._early else None
        except (OSError, RuntimeError):
            return None

    def _land(self, prefix: str, name: str, manifest: Manifest, landing: Path) -> Path:
        """Download the file `name` of the bundle into the folder `landing`; raises BundleError when it is
        another one."""
        path = landing / name
        sha256 = self._reader.download(f"{prefix}/{name}", path)
        check_file(manifest, name, path.stat().st_size, sha256)
        return path

    def _read(self, key: str) -> Object:
        found = self._reader.get(key)
        if found is None:
            raise BundleError(f"{key}: an empty answer")
        return found

    def _make_room(self, needed: int, keep: Collection[str]) -> None:
        """Raise BundleError when /tmp has no room for `needed` bytes, old versions given up first."""
        if shutil.disk_usage(self._cache).free < needed:
            self.forget_others(keep)
        free = shutil.disk_usage(self._cache).free
        if free < needed:
            raise BundleError(f"{self._cache} has {free} bytes free, the bundle needs {needed}")
