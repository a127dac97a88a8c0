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
from model_build.bundle import read_bundle
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
