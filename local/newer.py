"""What `make up` says of a bundle that is newer than the live one: to publish it, unless that was undone."""

from __future__ import annotations

from typing import Any

import msgspec

from lambdas.core.variant import BundleRef
from lambdas.rollout.record import FOLDER, decoded
from local.bundles import built, published
from local.environment import client
from local.stack import Stack
from model_build.objects import BotoObjects


class Tried(msgspec.Struct, frozen=True):
    """How a rollout of a bundle stands: the part of its record that is told."""

    challenger: BundleRef
    status: str
    reason: str = ""


def note(stack: Stack, service: str) -> str | None:
    """A sentence about the newest bundle of `service` built here, None when it is live or none is.

    Raises BundleError on a damaged rollout.json or record, DependencyDown, ClientError.
    """
    live, bundles = published(stack.endpoint, stack.bucket, service), built(stack.place, service)
    if live is None or not bundles or bundles[-1].version <= live.champion.version:
        return None
    newest = bundles[-1].version
    return said(service, live.champion.version, newest, tried(stack, service, newest))


def tried(stack: Stack, service: str, version: str) -> Tried | None:
    """The newest rollout of the bundle `version`; None when there was none."""
    return newest_of(client("s3", stack.endpoint), stack.bucket, service, version)


def newest_of(s3: Any, bucket: str, service: str, version: str) -> Tried | None:
    """As `tried`. Ids of rollouts and versions begin with their time: older ones are not looked at."""
    objects, folder = BotoObjects(s3, bucket), f"{service}/{FOLDER}/"
    since = folder + version.partition("-")[0]
    for key in reversed([key for key in objects.keys(folder) if key >= since and "/active." not in key]):
        found = objects.get(key)
        record = decoded(found.body, Tried, key) if found else None
        if record is not None and record.challenger.version == version:
            return record
    return None


def said(service: str, live: str, newest: str, rollout: Tried | None) -> str:
    """The sentence. Only what was never tried, or was live before, is advised."""
    if rollout is None or rollout.status == "promoted":
        return f"{service}: {newest} is newer than the live model: make publish SERVICE={service}"
    if rollout.status in {"running", "undoing"}:
        return f"{service}: {live} is live, and a rollout of {newest} is under way"
    ended = f"{rollout.status} ({rollout.reason})" if rollout.reason else rollout.status
    return f"{service}: {live} is live; {newest} is newer, and its rollout ended without it: {ended}"
