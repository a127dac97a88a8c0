"""Reads what is live from the artifacts bucket."""

from __future__ import annotations

import hashlib

from lambdas.catalog.schema import LiveBundle, LiveService
from lambdas.core.bundle import MANIFEST, decode_manifest
from lambdas.core.bundle_cache import ObjectReader
from lambdas.core.errors import BundleError, NotFound
from lambdas.core.variant import ROLLOUT, BundleRef, decode_rollout


def live_service(service: str, reader: ObjectReader) -> LiveService:
    """What rollout.json names for `service`; nothing live when there is none. Raises DependencyDown.

    What cannot be vouched for is left out and told in `problems`: one damaged bundle hides no other.
    """
    try:
        found = reader.get(f"{service}/{ROLLOUT}")
    except NotFound:
        found = None
    if found is None:
        return LiveService(service, champion=None, challenger=None, share=0.0, shadow=False)
    try:
        rollout = decode_rollout(found.body, service)
    except BundleError as error:
        return LiveService(service, None, None, share=0.0, shadow=False, problems=[error.detail])
    live: dict[str, LiveBundle | None] = {"champion": None, "challenger": None}
    problems = []
    for variant, ref in (("champion", rollout.champion), ("challenger", rollout.challenger)):
        try:
            live[variant] = _bundle(service, ref, reader) if ref else None
        except (BundleError, NotFound) as error:
            problems.append(f"{variant}: {error.detail}")
    return LiveService(
        service,
        **live,
        share=rollout.share,
        shadow=rollout.shadow,
        compare=rollout.compared,
        problems=problems,
    )


def _bundle(service: str, ref: BundleRef, reader: ObjectReader) -> LiveBundle:
    found = reader.get(f"{service}/bundles/{ref.version}/{MANIFEST}")
    if found is None or hashlib.sha256(found.body).hexdigest() != ref.manifest_sha256:
        raise BundleError(f"the manifest of {service} {ref.version} is not the one that is vouched for")
    manifest = decode_manifest(found.body, service)
    return LiveBundle(
        version=manifest.version,
        created_at=manifest.created_at,
        training_rows=manifest.training_data.rows,
        synthetic=manifest.training_data.synthetic,
        heads={head.name: head.classes for head in manifest.heads},
        metrics=manifest.metrics,
    )
