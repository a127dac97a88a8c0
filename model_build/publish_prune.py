"""Old bundles leave the artifacts bucket, but none that could still be wanted at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lambdas.core.bundle import MANIFEST
from lambdas.core.variant import Rollout
from lambdas.rollout.record import FOLDER, Record, decoded
from model_build.objects import BotoObjects
from model_build.publish_assets import prune_assets

Client = Any


def prune(client: Client, bucket: str, service: str, named: Collection[str], *, keep: int) -> list[str]:
    """Delete the oldest bundles of `service`; returns their versions.

    Kept are those that are `named`, those that the newest gradual rollout is about, so that it can be undone,
    and `keep` more.
    """
    prefix = f"{service}/bundles/"
    keys: dict[str, list[str]] = {}
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Contents", []):
            version, _, name = entry["Key"].removeprefix(prefix).partition("/")
            if name:
                keys.setdefault(version, []).append(entry["Key"])
    wanted = {*named, *_of_newest_rollout(BotoObjects(client, bucket), service)}
    others = sorted(version for version in keys if version not in wanted)
    removed = others[: max(0, len(others) - keep)]
    for version in removed:
        ordered = sorted(keys[version], key=lambda key: not key.endswith(f"/{MANIFEST}"))
        for key in ordered:  # the manifest first: what is half deleted is no bundle
            client.delete_object(Bucket=bucket, Key=key)
    if removed:
        prune_assets(client, bucket, service, set(keys) - set(removed))
    return removed


def versions(rollout: Rollout) -> set[str]:
    """The bundles that `rollout` names."""
    challenger = {rollout.challenger.version} if rollout.challenger else set()
    return {rollout.champion.version} | challenger


def _of_newest_rollout(objects: BotoObjects, service: str) -> set[str]:
    """The bundles in the record of the newest gradual rollout; none when there never was one."""
    records = [key for key in objects.keys(f"{service}/{FOLDER}/") if not key.endswith("/active.json")]
    found = objects.get(records[-1]) if records else None
    if found is None:
        return set()
    record = decoded(found.body, Record, records[-1])
    return {*versions(record.before), record.challenger.version}
