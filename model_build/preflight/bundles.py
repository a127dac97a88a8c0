"""The two bundles that are compared: the candidate in its folder, the champion as it is live."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.core.bundle import MANIFEST, Manifest, decode_manifest
from lambdas.core.errors import BundleError
from lambdas.core.variant import ROLLOUT, BundleRef, decode_rollout
from model_build.bundle import find_bundle, read_bundle
from model_build.errors import PublishError
from model_build.service import Serve, TrainingService
from model_build.workspace import Workspace


@dataclass(frozen=True)
class Opened:
    """A bundle whose files are what its manifest says."""

    folder: Path
    manifest: Manifest

    @property
    def version(self) -> str:
        """Its version."""
        return self.manifest.version

    def serve(self, service: TrainingService) -> Serve:
        """It, run by the code that serves it."""
        return service.served(self.folder, self.manifest.heads, self.manifest.settings)


def open_bundle(folder: Path, service: str) -> Opened:
    """The intact bundle in `folder`. Raises BundleError."""
    return Opened(folder, read_bundle(folder, service))


def champion(client: Any, bucket: str, place: Workspace) -> Opened | None:
    """The live champion of the workspace's service: from its own bundles, or downloaded beside them.

    None when nothing is live. Raises BundleError when it is damaged, PublishError when S3 refuses.
    """
    try:
        live = _read(client, bucket, f"{place.service}/{ROLLOUT}")
        if live is None:
            return None
        named = decode_rollout(live, place.service).champion
        own = place.bundles / named.version
        if _is(own, named):
            return open_bundle(own, place.service)
        folder = place.build / place.service / "champion" / named.version
        if not _is(folder, named):
            _download(client, bucket, place.service, named, folder)
        return open_bundle(folder, place.service)
    except (ClientError, BotoCoreError) as error:
        raise PublishError(f"the champion in s3://{bucket} cannot be read: {error}") from error


def candidate(client: Any, bucket: str, place: Workspace, version: str | None) -> tuple[Path, bool]:
    """The folder of the bundle that is to be rolled out, and whether it is in the bucket already.

    `version` may be the beginning of one that was built here, or one in the bucket alone. Without it, it is
    the challenger that waits with share 0, as a retraining leaves it, or else the newest one built here.
    Raises BundleError, PublishError.
    """
    try:
        if version is None:
            live = _read(client, bucket, f"{place.service}/{ROLLOUT}")
            waiting = decode_rollout(live, place.service) if live is not None else None
            if waiting and waiting.challenger and waiting.share == 0.0 and not waiting.shadow:
                version = waiting.challenger.version
        here = find_here(place, version)
        if here is not None:
            return here, False
        raw = _read(client, bucket, f"{place.service}/bundles/{version}/{MANIFEST}")
        if raw is None:
            raise BundleError(f"there is no {version} of {place.service}, neither built here nor published")
        named = BundleRef(str(version), hashlib.sha256(raw).hexdigest())
        folder = place.build / place.service / "candidate" / named.version
        if not _is(folder, named):
            _download(client, bucket, place.service, named, folder)
        return folder, True
    except (ClientError, BotoCoreError) as error:
        raise PublishError(f"the candidate in s3://{bucket} cannot be read: {error}") from error


def find_here(place: Workspace, version: str | None) -> Path | None:
    """The folder of a bundle built here; None when there is none called `version`.

    Raises BundleError when nothing at all was built, and nothing is named.
    """
    if version is None:
        return find_bundle(place.bundles, place.service)
    found = sorted(path.parent for path in place.bundles.glob(f"{version}*/{MANIFEST}"))
    return found[-1] if found else None


def _is(folder: Path, named: BundleRef) -> bool:
    path = folder / MANIFEST
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == named.manifest_sha256


def _download(client: Any, bucket: str, service: str, named: BundleRef, folder: Path) -> None:
    """The bundle into `folder`, which appears when it is complete; one champion is kept."""
    prefix = f"{service}/bundles/{named.version}"
    raw = _read(client, bucket, f"{prefix}/{MANIFEST}")
    if raw is None or hashlib.sha256(raw).hexdigest() != named.manifest_sha256:
        raise BundleError(f"bundle {named.version}: {MANIFEST} is not the one that {ROLLOUT} vouches for")
    shutil.rmtree(folder.parent, ignore_errors=True)
    landing = folder.parent / "incoming"
    landing.mkdir(parents=True)
    (landing / MANIFEST).write_bytes(raw)
    for name in decode_manifest(raw, service).files:
        client.download_file(bucket, f"{prefix}/{name}", str(landing / name))
    landing.rename(folder)


def _read(client: Any, bucket: str, key: str) -> bytes | None:
    try:
        body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            return None
        raise
    return body
