"""Reads what is live from the artifacts bucket."""

from __future__ import annotations

import hashlib

from lambdas.catalog.schema import LiveBundle, LiveService
from lambdas.core.bundle import MANIFEST, decode_manifest
from lambdas.core.bundle_cache import ObjectReader
from lambdas.core.errors import BundleError, NotFound
from lambdas.core.variant import ROLLOUT, BundleRef, decode_rollout


def live_service(service: str, reader: ObjectReader) -> LiveService:
    """What rollout.json names for `service`; nothing live when there is none. Raises DependencyDown."""
    try:
        found = reader.get(f"{service}/{ROLLOUT}")
    except NotFound:
        found = None
    if found is None:
        return LiveService(service, champion=None, challenger=None, share=0.0, shadow=False)
    rollout = decode_rollout(found.body, service)
    return LiveService(
        service,
        champion=_bundle(service, rollout.champion, reader),
        challenger=_bundle(service, rollout.challenger, reader) if rollout.challenger else None,
        share=rollout.share,
        shadow=rollout.shadow,
        compare=rollout.compared,
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
