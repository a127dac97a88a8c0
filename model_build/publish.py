"""The last stage: a bundle goes to S3 and rollout.json names it. What is live stays so if this fails.

The weights of others that it names go first, as far as they are not there; the manifest is uploaded last,
so a bundle with a manifest is complete; then rollout.json, written only if nobody else wrote it meanwhile;
then old bundles are removed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.core.assets import ASSETS
from lambdas.core.bundle import MANIFEST, Manifest
from lambdas.core.errors import BundleError, DependencyDown
from lambdas.core.variant import ROLLOUT, BundleRef, Rollout, decode_rollout
from lambdas.rollout.store import RolloutStore
from model_build.bundle import read_bundle
from model_build.errors import PublishError, RolloutRuns
from model_build.objects import BotoObjects
from model_build.publish_assets import missing_assets
from model_build.publish_prune import prune, versions
from model_build.service import Progress, quiet

Role = Literal["champion", "challenger"]
Client = Any
KEEP = 5

_CONTENT_TYPES = {".json": "application/json", ".md": "text/markdown; charset=utf-8"}


class Published(NamedTuple):
    """What was made live; `before` is the rollout that was in force, `removed` the versions deleted."""

    rollout: Rollout
    before: Rollout | None
    removed: list[str]


class _Live(NamedTuple):
    rollout: Rollout | None
    etag: str | None


def s3_client() -> Client:
    """A client by the environment's credentials and AWS_ENDPOINT_URL; it gives up in seconds, not minutes."""
    config = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 3, "mode": "standard"})
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return boto3.client("s3", config=config, region_name=region)


def publish(
    folder: Path,
    service: str,
    bucket: str,
    *,
    role: Role = "champion",
    share: float = 0.0,
    shadow: bool = False,
    waiting: bool = False,
    keep: int = KEEP,
    force: bool = False,
    client: Client | None = None,
    progress: Progress = quiet,
) -> Published:
    """Make the bundle in `folder` the `role` of `service` in `bucket`.

    As challenger it answers for `share` of the entities, or for none in `shadow`, or while it is only
    `waiting` to be given a share. `keep` bundles that rollout.json does not name are kept. With `force` it
    does not matter that a rollout runs, which then ends. Raises BundleError when the bundle is damaged,
    RolloutRuns, PublishError when S3 refuses; then what was live still is.
    """
    manifest = read_bundle(folder, service)
    client = client or s3_client()
    reference = BundleRef(manifest.version, hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest())
    try:
        if not force:
            refuse_during_rollout(client, bucket, service)
        live = _live(client, bucket, service)
        rollout = _next(live.rollout, service, reference, role, share, shadow, waiting)
        _upload_bundle(client, bucket, folder, manifest, progress)
        _write_rollout(client, bucket, rollout, live)
        named = versions(rollout) | (versions(live.rollout) if live.rollout else set())
        removed = prune(client, bucket, service, named, keep=keep)
    except (ClientError, BotoCoreError) as error:
        raise PublishError(_explained(error, bucket)) from error
    return Published(rollout, live.rollout, removed)


def upload(
    folder: Path, service: str, bucket: str, *, client: Client | None = None, progress: Progress = quiet
) -> BundleRef:
    """Put the bundle in `folder` into `bucket` and make nothing live; what rollout.json would call it.

    Old bundles go as they do when one is published. Raises BundleError when it is damaged, PublishError when
    S3 refuses.
    """
    manifest = read_bundle(folder, service)
    client = client or s3_client()
    try:
        _upload_bundle(client, bucket, folder, manifest, progress)
        live = _live(client, bucket, service).rollout
        named = {manifest.version} | (versions(live) if live else set())
        prune(client, bucket, service, named, keep=KEEP)
    except (ClientError, BotoCoreError) as error:
        raise PublishError(_explained(error, bucket)) from error
    return BundleRef(manifest.version, hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest())


def refuse_during_rollout(client: Client, bucket: str, service: str) -> None:
    """Raise RolloutRuns, saying whose it is, while a rollout of `service` runs."""
    store = RolloutStore(BotoObjects(client, bucket), service)
    try:
        holder = store.holder()
    except DependencyDown as error:
        raise PublishError(_explained(error.__cause__ or error, bucket)) from error
    if holder is not None:
        raise RolloutRuns(
            f"{store.held(holder)}. Wait for it, or undo it: make rollback SERVICE={service}. --force "
            "publishes all the same, which ends it"
        )


def read_rollout(client: Client, bucket: str, service: str) -> Rollout | None:
    """What is live; None when nothing is, or what is there cannot be read. Raises PublishError."""
    try:
        return _live(client, bucket, service).rollout
    except (ClientError, BotoCoreError) as error:
        raise PublishError(_explained(error, bucket)) from error


def _next(
    before: Rollout | None,
    service: str,
    bundle: BundleRef,
    role: Role,
    share: float,
    shadow: bool,
    waiting: bool,
) -> Rollout:
    """The rollout with `bundle` in its role; the other role keeps its bundle."""
    if role == "challenger":
        if before is None:
            raise PublishError(f"nothing of '{service}' is live yet: publish a champion first")
        if before.champion.version == bundle.version:
            raise PublishError(f"{bundle.version} is the champion already: it cannot challenge itself")
        if not (0.0 < share <= 1.0 or shadow or (waiting and share == 0.0)):
            raise PublishError("say the challenger's part of the traffic, --share 0.1 say, or --shadow")
        return msgspec.structs.replace(
            before, challenger=bundle, share=share, shadow=shadow, salt=bundle.version
        )
    if before is None or before.challenger is None or before.challenger.version == bundle.version:
        return Rollout(service=service, champion=bundle)
    return msgspec.structs.replace(before, champion=bundle)


def _live(client: Client, bucket: str, service: str) -> _Live:
    try:
        found = client.get_object(Bucket=bucket, Key=f"{service}/{ROLLOUT}")
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            return _Live(None, None)
        raise
    try:
        return _Live(decode_rollout(found["Body"].read(), service), found["ETag"])
    except BundleError:
        return _Live(None, found["ETag"])  # it serves nobody as it is: it is replaced


def _upload_bundle(client: Client, bucket: str, folder: Path, manifest: Manifest, progress: Progress) -> None:
    assets = missing_assets(client, bucket, manifest, folder.parent.parent / ASSETS)
    prefix = f"{manifest.service}/bundles/{manifest.version}"
    own = {f"{prefix}/{name}": folder / name for name in [*sorted(manifest.files), MANIFEST]}
    _upload(client, bucket, {**assets, **own}, progress)


def _upload(client: Client, bucket: str, files: Mapping[str, Path], progress: Progress) -> None:
    """The files by their keys, in this order."""
    total = sum(path.stat().st_size for path in files.values())
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done += size
        progress(min(done, total), total)

    for key, path in files.items():
        kind = _CONTENT_TYPES.get(path.suffix, "application/octet-stream")
        _upload_one(client, bucket, key, path, kind, count)


def _upload_one(
    client: Client, bucket: str, key: str, path: Path, kind: str, count: Callable[[int], None]
) -> None:
    from boto3.exceptions import S3UploadFailedError

    try:
        client.upload_file(str(path), bucket, key, ExtraArgs={"ContentType": kind}, Callback=count)
    except S3UploadFailedError as error:
        raise PublishError(f"{path.name} could not be uploaded to s3://{bucket}/{key}: {error}") from error


def _write_rollout(client: Client, bucket: str, rollout: Rollout, live: _Live) -> None:
    condition = {"IfMatch": live.etag} if live.etag else {"IfNoneMatch": "*"}
    try:
        client.put_object(
            Bucket=bucket,
            Key=f"{rollout.service}/{ROLLOUT}",
            Body=msgspec.json.format(msgspec.json.encode(rollout)),
            ContentType="application/json",
            CacheControl="no-cache",
            **condition,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict", "412"}:
            raise PublishError(
                f"{rollout.service}/{ROLLOUT} was changed by somebody else while this ran: look at "
                "what is live, then publish again"
            ) from error
        raise


def _explained(error: BaseException, bucket: str) -> str:
    """What went wrong with S3, and what to do."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    advice = {
        "NoSuchBucket": "there is no such bucket: deploy first (make up, or make deploy)",
        "AccessDenied": "these credentials may not write there",
        "403": "these credentials may not write there",
        "NoCredentialsError": "no AWS credentials: set AWS_PROFILE, or the usual AWS_* variables",
        "EndpointConnectionError": "nothing answers at the endpoint: make up, or unset AWS_ENDPOINT_URL",
    }.get(code, str(error))
    return f"s3://{bucket} ({code}): {advice}. What was live still is"
