"""Weights of others, by their sha256, in the artifacts bucket once, whichever bundles name them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from lambdas.core.assets import ASSETS, assets_of, key_of
from lambdas.core.bundle import MANIFEST, Manifest, decode_manifest, sha256_of
from lambdas.core.errors import BundleError
from model_build.errors import PublishError

Client = Any
GRACE: Final = timedelta(days=1)


def missing_assets(client: Client, bucket: str, manifest: Manifest, folder: Path) -> dict[str, Path]:
    """The files in `folder` whose keys are not in the bucket yet, by key.

    Raises PublishError for a file that is named and is neither here nor there, or is not what it was.
    """
    missing: dict[str, Path] = {}
    for name, asset in assets_of(manifest.settings).items():
        for file, entry in asset.files.items():
            key = key_of(manifest.service, entry.sha256)
            if _has(client, bucket, key, entry.bytes):
                continue
            path = folder / entry.sha256
            if not path.is_file() or sha256_of(path) != entry.sha256:
                raise PublishError(
                    f"{path} is not there or was changed: it is {file} of {name}, which the bundle needs. "
                    f"Train again: make train SERVICE={manifest.service}"
                )
            missing[key] = path
    return missing


def prune_assets(
    client: Client,
    bucket: str,
    service: str,
    versions: Collection[str],
    *,
    grace: timedelta = GRACE,
) -> list[str]:
    """Delete what no bundle of `versions` names; returns the keys.

    Where one of them cannot be read, nothing is deleted, nor what is younger than `grace`: its bundle may
    be on its way.
    """
    named: set[str] = set()
    for version in versions:
        key = f"{service}/bundles/{version}/{MANIFEST}"
        try:
            raw = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            assets = assets_of(decode_manifest(raw, service).settings)
        except (ClientError, BundleError):
            return []
        named |= {key_of(service, each.sha256) for asset in assets.values() for each in asset.files.values()}
    before = datetime.now(UTC) - grace
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{service}/{ASSETS}/")
    removed = [
        entry["Key"]
        for page in pages
        for entry in page.get("Contents", [])
        if entry["Key"] not in named and entry["LastModified"] < before
    ]
    for key in removed:
        client.delete_object(Bucket=bucket, Key=key)
    return removed


def _has(client: Client, bucket: str, key: str, size: int) -> bool:
    try:
        return int(client.head_object(Bucket=bucket, Key=key)["ContentLength"]) == size
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
            return False
        raise
