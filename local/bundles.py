"""The bundles built on this machine, and the ones that are published."""

from __future__ import annotations

from pathlib import Path

import msgspec
from botocore.exceptions import ClientError

from lambdas.core.bundle import MANIFEST, Manifest
from lambdas.core.variant import ROLLOUT, Rollout, decode_rollout
from local.environment import client
from local.place import Place


def built(place: Place, service: str) -> list[Manifest]:
    """The bundles of `service` built here, oldest first; one still being written has no manifest."""
    found = []
    for path in sorted((place.build / service / "bundles").glob(f"*/{MANIFEST}")):
        manifest = _manifest(path)
        if manifest is not None:
            found.append(manifest)
    return found


def _manifest(path: Path) -> Manifest | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError:
        return None


def published(endpoint: str, bucket: str, service: str) -> Rollout | None:
    """What `rollout.json` of `service` names; None when nothing was published.

    Raises BundleError on a damaged one.
    """
    try:
        found = client("s3", endpoint).get_object(Bucket=bucket, Key=f"{service}/{ROLLOUT}")
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise
    return decode_rollout(found["Body"].read(), service)
