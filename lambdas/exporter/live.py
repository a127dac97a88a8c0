"""What is live for a service, and what its models scored when they were trained; read when it changed."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from lambdas.core.aws import Object
from lambdas.core.bundle import MANIFEST, Manifest, decode_manifest
from lambdas.core.errors import BundleError, NotFound
from lambdas.core.variant import ROLLOUT, BundleRef, Rollout, decode_rollout
from lambdas.exporter.reading import Objects

MOST_MANIFESTS: Final = 20


class LiveBundle(NamedTuple):
    """A bundle that the rollout names: as which variant, and which share of the entities it answers for."""

    variant: str
    share: float
    manifest: Manifest


class Watched:
    """One object that changes now and then, asked for by its ETag."""

    def __init__(self, bucket: Objects, key: str) -> None:
        self._bucket = bucket
        self._key = key
        self._last: Object | None = None

    def body(self) -> bytes | None:
        """What it holds now; None when there is none. Raises DependencyDown."""
        try:
            found = self._bucket.get(self._key, unless_etag=self._last.etag if self._last else None)
        except NotFound:
            self._last = None
            return None
        self._last = found or self._last
        return self._last.body if self._last else None


class Live:
    """The rollout and the manifests of one service."""

    def __init__(self, bucket: Objects, service: str) -> None:
        self._bucket = bucket
        self._service = service
        self._rollout = Watched(bucket, f"{service}/{ROLLOUT}")
        self._manifests: dict[BundleRef, Manifest] = {}

    def bundles(self) -> list[LiveBundle]:
        """The champion, then the challenger.

        Raises DependencyDown, and BundleError or NotFound when nobody may trust what is there.
        """
        body = self._rollout.body()
        if body is None:
            return []
        rollout = decode_rollout(body, self._service)
        share = challenger_share(rollout)
        live = [LiveBundle("champion", 1.0 - share, self._manifest(rollout.champion))]
        if rollout.challenger:
            live.append(LiveBundle("challenger", share, self._manifest(rollout.challenger)))
        return live

    def _manifest(self, ref: BundleRef) -> Manifest:
        if ref not in self._manifests:
            found = self._bucket.get(f"{self._service}/bundles/{ref.version}/{MANIFEST}")
            if found is None or hashlib.sha256(found.body).hexdigest() != ref.manifest_sha256:
                raise BundleError(f"the manifest of {self._service} {ref.version} is not the vouched one")
            if len(self._manifests) >= MOST_MANIFESTS:
                self._manifests.clear()
            self._manifests[ref] = decode_manifest(found.body, self._service)
        return self._manifests[ref]


def challenger_share(rollout: Rollout) -> float:
    """The part of the entities that the challenger answers for, 0 to 1."""
    return 0.0 if rollout.challenger is None or rollout.shadow else rollout.share
