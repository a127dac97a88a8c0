"""S3 -> /tmp -> memory: the bundles that rollout.json names, kept fresh while requests come in."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from lambdas.core.aws import Object
from lambdas.core.bundle import MANIFEST, Manifest, decode_manifest, verify_files
from lambdas.core.errors import BundleError, DependencyDown, NotFound, TriageError
from lambdas.core.variant import ROLLOUT, BundleRef, Rollout, Variant, assign, decode_rollout

M = TypeVar("M")

DAMAGED_REST = 60.0
"""Seconds until a damaged bundle is downloaded again: a big one would slow each refresh otherwise."""


class ObjectReader(Protocol):
    """Where bundles come from; `lambdas.core.aws.Bucket` is one."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object, or None when its ETag is still `unless_etag`. Raises NotFound, DependencyDown."""
        ...


class Loaded(NamedTuple, Generic[M]):
    """A bundle in memory."""

    manifest: Manifest
    model: M


class Picked(NamedTuple, Generic[M]):
    """The bundle that answers for one entity, and as which variant."""

    variant: Variant
    manifest: Manifest
    model: M


class ModelStore(Generic[M]):
    """The live bundles of one service.

    A download lands under a temporary name and is renamed once every sha256 agrees, so a half or
    tampered download is never loaded. A bundle that fails leaves the running one in place and is told
    to `on_failure`. While S3 does not answer, what is in memory goes on answering.
    """

    def __init__(
        self,
        service: str,
        reader: ObjectReader,
        *,
        cache: Path,
        open_model: Callable[[Path, Manifest], M],
        on_failure: Callable[[TriageError], None],
        refresh_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._reader = reader
        self._cache = cache / service
        self._open = open_model
        self._on_failure = on_failure
        self._refresh_seconds = refresh_seconds
        self._clock = clock
        self._next_look: float | None = None
        self._etag: str | None = None
        self._rollout: Rollout | None = None
        self._loaded: dict[str, Loaded[M]] = {}
        self._rest_until: dict[str, float] = {}
        self._former: Loaded[M] | None = None

    def refresh(self) -> None:
        """Look at rollout.json again when it is time to. Never raises: failures go to `on_failure`."""
        now = self._clock()
        if self._next_look is not None and now < self._next_look:
            return
        self._next_look = now + self._refresh_seconds
        try:
            found = self._reader.get(f"{self._service}/{ROLLOUT}", unless_etag=self._etag)
            if found is not None:
                complete = self._adopt(decode_rollout(found.body, self._service))
                self._etag = found.etag if complete else None
        except (BundleError, DependencyDown, NotFound) as error:
            self._on_failure(error)

    def pick(self, entity: str) -> Picked[M] | None:
        """The bundle that answers for `entity`, or None when no champion could ever be loaded."""
        if self._rollout is None:
            return None
        variant = assign(self._rollout, entity)
        ref = self._rollout.challenger if variant == "challenger" else self._rollout.champion
        loaded = self._loaded.get(ref.version) if ref else None
        if loaded is None:
            variant, loaded = "champion", self._loaded.get(self._rollout.champion.version)
        return Picked(variant, loaded.manifest, loaded.model) if loaded else None

    def champion(self) -> Loaded[M] | None:
        """The champion, or None when none could ever be loaded."""
        return self._loaded.get(self._rollout.champion.version) if self._rollout else None

    def version(self, version: str) -> Loaded[M]:
        """The bundle of `version`, live or not, from the bucket when need be; the last such one is kept.

        Raises NotFound when it is not in the bucket, BundleError, DependencyDown.
        """
        for known in (self._loaded.get(version), self._former):
            if known is not None and known.manifest.version == version:
                return known
        found = self._reader.get(f"{self._service}/bundles/{version}/{MANIFEST}")
        if found is None:
            raise NotFound(f"bundle {version} is not there")
        # Nothing vouches for a version that is not live but its place in the bucket.
        self._former = self._load(BundleRef(version, hashlib.sha256(found.body).hexdigest()))
        return self._former

    def _adopt(self, rollout: Rollout) -> bool:
        """Make `rollout` the live one; True when all of it is loaded.

        Its champion must load; a challenger that does not is left out, and tried again later.
        """
        wanted = {rollout.champion.version: self._load(rollout.champion)}
        complete = True
        if rollout.challenger is not None:
            try:
                wanted[rollout.challenger.version] = self._load(rollout.challenger)
            except (BundleError, DependencyDown, NotFound) as error:
                self._on_failure(error)
                complete = False
        self._rollout, self._loaded = rollout, wanted
        self._forget_others()
        return complete

    def _load(self, ref: BundleRef) -> Loaded[M]:
        if ref.version in self._loaded:
            return self._loaded[ref.version]
        if self._clock() < self._rest_until.get(ref.manifest_sha256, 0.0):
            raise BundleError(f"bundle {ref.version} was found damaged and is left alone for a while")
        try:
            return self._load_now(ref)
        except BundleError:
            self._rest_until = {ref.manifest_sha256: self._clock() + DAMAGED_REST}
            raise

    def _load_now(self, ref: BundleRef) -> Loaded[M]:
        if "/" in ref.version or ref.version in {"", ".", ".."}:
            raise BundleError(f"{ROLLOUT} names an impossible version '{ref.version}'")
        folder = self._cache / ref.version
        manifest = self._cached(ref, folder) or self._download(ref, folder)
        return Loaded(manifest, self._open(folder, manifest))

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
        raw = (folder / MANIFEST).read_bytes()
        if hashlib.sha256(raw).hexdigest() != ref.manifest_sha256:
            raise BundleError(f"bundle {ref.version}: {MANIFEST} is not the one that {ROLLOUT} vouches for")
        manifest = decode_manifest(raw, self._service)
        verify_files(folder, manifest)
        return manifest

    def _download(self, ref: BundleRef, folder: Path) -> Manifest:
        prefix = f"{self._service}/bundles/{ref.version}"
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache, prefix=".incoming-") as incoming:
            landing = Path(incoming) / ref.version
            landing.mkdir()
            raw = self._fetch(f"{prefix}/{MANIFEST}", landing / MANIFEST)
            manifest = decode_manifest(raw, self._service)
            self._make_room(sum(entry.bytes for entry in manifest.files.values()))
            for name in manifest.files:
                self._fetch(f"{prefix}/{name}", landing / name)
            manifest = self._verified(ref, landing)
            try:
                landing.rename(folder)
            except OSError:
                if not (folder / MANIFEST).is_file():
                    raise  # not another worker that was faster
        return manifest

    def _fetch(self, key: str, to: Path) -> bytes:
        found = self._reader.get(key)
        if found is None:
            raise BundleError(f"{key}: an empty answer")
        to.write_bytes(found.body)
        return found.body

    def _make_room(self, needed: int) -> None:
        """Raise BundleError when /tmp has no room for `needed` bytes, old versions given up first."""
        if shutil.disk_usage(self._cache).free < needed:
            self._forget_others()
        free = shutil.disk_usage(self._cache).free
        if free < needed:
            raise BundleError(f"{self._cache} has {free} bytes free, the bundle needs {needed}")

    def _forget_others(self) -> None:
        """Remove from the cache what is not in memory."""
        for folder in self._cache.iterdir() if self._cache.is_dir() else ():
            if folder.name not in self._loaded and not folder.name.startswith("."):
                shutil.rmtree(folder, ignore_errors=True)
