"""`preflight`: the gates before a rollout; their verdicts go beside the bundle, and nothing goes live."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from lambdas.core.bundle import MANIFEST
from lambdas.rollout.record import GateSaid, Preflight
from lambdas.rollout.store import RolloutStore
from model_build.bundle import read_bundle
from model_build.errors import PublishError
from model_build.objects import BotoObjects
from model_build.parameters import Parameters
from model_build.preflight.bundles import candidate
from model_build.preflight.costs import judge_costs
from model_build.preflight.publishing import look
from model_build.preflight.verdict import require
from model_build.progress import Reporter
from model_build.publish import read_rollout, upload
from model_build.service import TrainingService
from model_build.workspace import Workspace


def preflight(
    service: TrainingService,
    parameters: Parameters,
    place: Workspace,
    reporter: Reporter,
    *,
    client: Any,
    bucket: str,
    version: str | None,
    by: str,
    force: bool = False,
) -> Preflight:
    """Look at the candidate beside the champion, upload it, and write what the gates say; it is returned.

    Raises GateFailed when a gate forbids it and it is not forced: then nothing is uploaded. Raises
    PublishError when nothing is live or S3 refuses, BundleError.
    """
    live = read_rollout(client, bucket, service.name)
    if live is None:
        raise PublishError(
            f"nothing of '{service.name}' is live yet, so there is nobody to take over from: make publish "
            f"SERVICE={service.name}"
        )
    folder, there = candidate(client, bucket, place, version)
    if folder.name == live.champion.version:
        raise PublishError(
            f"{folder.name} is the champion already: train another one (make train), or name one (VERSION=)"
        )
    verdicts = look(service, parameters, place, folder, bucket, reporter, by_steps=True)
    if force:
        reporter.warn(f"FORCE: {folder.name} is rolled out whatever the gates say")
    else:
        require(verdicts, f"{folder.name} may not answer anybody, and is not rolled out")
    if not there:
        with reporter.stage("upload") as told:
            upload(folder, service.name, bucket, client=client, progress=told)
            told.note = f"{folder.name} is in s3://{bucket}, and answers nobody yet"
    made = Preflight(
        service=service.name,
        version=folder.name,
        manifest_sha256=hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest(),
        champion=live.champion.version,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        by=by,
        verdicts=[GateSaid(each.gate, each.passed, each.said) for each in verdicts],
        forced=force,
        costs=judge_costs(read_bundle(folder, service.name)),
    )
    RolloutStore(BotoObjects(client, bucket), service.name).set_preflight(made)
    return made
