"""What the commands of the command line do. Each returns the exit code."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Final

from model_build.errors import ParametersError, PublishError
from model_build.job import Job
from model_build.options import parameters_of
from model_build.parameters import load_parameters
from model_build.progress import Reporter
from model_build.services import load_service
from model_build.workspace import Workspace

GATED: Final = ("content",)
"""The services whose bundles pass the gates before they answer; the others' do so in a retraining."""


def train(options: argparse.Namespace) -> int:
    """Every stage, from the CSV to a bundle."""
    from model_build.pipeline import train_model

    job = _job(options)
    with job.workspace.locked():
        manifest = train_model(job, tracked=not options.no_tracking)
    if job.service.name == "content" and job.parameters.service.fairness.mitigation == "thresholds":
        from model_build.fairness.mitigate import after_training

        after_training(job, manifest)
    return 0


def stage(options: argparse.Namespace) -> int:
    """Single stages."""
    from model_build.pipeline import run_stages

    job = _job(options)
    with job.workspace.locked():
        run_stages(job, [name.strip() for name in options.stages.split(",") if name.strip()])
    return 0


def validate(options: argparse.Namespace) -> int:
    """The stages about data in a folder that is thrown away."""
    from model_build import stages_data as data

    options.build_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.build_dir, prefix="validate-") as folder:
        job = _job(options, Path(folder))
        source = data.source_stage(job)
        validated = data.validate_stage(job, source)
        result = data.split_stage(job, source, data.clean_stage(job, source, validated, look=False))
        job.reporter.say(f"\n{source.csv} can be trained on. The split: {result.report.why}.")
    return 0


def synthetic(options: argparse.Namespace) -> int:
    """The synthetic data as a CSV."""
    job = _job(options)
    rows = options.rows or job.parameters.service.synthetic_rows
    seed = job.parameters.seed if options.seed is None else options.seed
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with job.reporter.stage("synthetic data") as told:
        job.service.write_synthetic(options.out, rows=rows, seed=seed)
        told.note = f"{rows:,} rows in {options.out}"
    return 0


def publish(options: argparse.Namespace) -> int:
    """A bundle goes live."""
    from model_build.bundle import find_bundle
    from model_build.publish import publish as make_live
    from model_build.publish import refuse_during_rollout, s3_client

    bucket = options.bucket or os.environ.get("ARTIFACTS_BUCKET")
    if not bucket:
        raise PublishError("which bucket? Use `make publish`, which knows it, or pass --bucket")
    reporter, place = Reporter(), Workspace(options.build_dir, options.service)
    folder = find_bundle(place.bundles, options.service, options.version)
    if not options.force:
        refuse_during_rollout(s3_client(), bucket, options.service)
    if options.service in GATED and not options.shadow:
        _gates(options, reporter, place, folder, bucket)
    with reporter.stage("publish") as told:
        done = make_live(
            folder,
            options.service,
            bucket,
            role=options.role,
            share=options.share,
            shadow=options.shadow,
            keep=options.keep,
            force=options.force,
            progress=told,
        )
        told.note = f"{folder.name} is the {options.role} in s3://{bucket}"
    if done.before is not None and done.before.champion.version != done.rollout.champion.version:
        before = done.before.champion.version
        back = f"make publish SERVICE={options.service} VERSION={before}"
        reporter.say(f"  before it: {before} ({back} brings it back)")
    if done.removed:
        reporter.say(f"  removed from the bucket: {', '.join(done.removed)}")
    if not options.no_tracking:
        _promote(reporter, place, folder.name, options.role)
    return 0


def preflight(options: argparse.Namespace) -> int:
    """The gates before a rollout; the bundle is uploaded and nothing goes live."""
    import msgspec

    from model_build.preflight.record import preflight as look
    from model_build.publish import s3_client

    bucket = options.bucket or os.environ.get("ARTIFACTS_BUCKET")
    if not bucket:
        raise PublishError("which bucket? Use `make rollout`, which knows it, or pass --bucket")
    made = look(
        load_service(options.service, options.build_dir),
        load_parameters(options.params, options.service, options.changes),
        Workspace(options.build_dir, options.service),
        Reporter(),
        client=s3_client(),
        bucket=bucket,
        version=options.version,
        by=options.by,
        force=options.force,
    )
    if options.out:
        options.out.write_bytes(msgspec.json.encode(made))
    return 0


def fairness(options: argparse.Namespace) -> int:
    """The fairness report, or a mitigation with its price."""
    if options.service != "content":
        raise ParametersError(f"{options.service} are about nobody: fairness is measured of content")
    from model_build.fairness.run import run

    return run(options, load_service(options.service, options.build_dir), Reporter())


def retrain(options: argparse.Namespace) -> int:
    """A candidate that has learned from verdicts."""
    import boto3

    from model_build.publish import s3_client
    from model_build.retrain import ChallengerThere, Place, TooFewVerdicts, workspace_media
    from model_build.retrain import retrain as learn
    from model_build.retrain_rows import no_media

    bucket = options.bucket or os.environ.get("ARTIFACTS_BUCKET")
    table = options.table or os.environ.get("DECISIONS_TABLE")
    uploads = options.uploads or os.environ.get("UPLOADS_BUCKET")
    if not bucket or not table:
        raise PublishError(
            "which bucket, which log? Use `make retrain`, which knows, or --bucket and --table"
        )
    job, s3 = _job(options), s3_client()
    region = s3.meta.region_name
    place = Place(boto3.client("dynamodb", region_name=region), s3, table, bucket)
    fetch = workspace_media(s3, uploads, job.workspace) if uploads else no_media
    with job.workspace.locked():
        try:
            learn(
                job,
                place,
                fetch=fetch,
                tracked=not options.no_tracking,
                replace_challenger=options.replace,
                other_data=options.other_data,
            )
        except (TooFewVerdicts, ChallengerThere) as nothing_to_do:  # no error: a night like many
            job.reporter.say(f"\n{nothing_to_do.detail}")
    return 0


def list(options: argparse.Namespace) -> int:  # noqa: A001 - the command's name
    """The bundles that are there."""
    from model_build.bundle import built_bundles

    place = Workspace(options.build_dir, options.service)
    found = built_bundles(place.bundles, options.service)
    if not found:
        print(f"nothing was built yet in {place.bundles}: make train SERVICE={options.service}")
    for manifest in found:
        size = sum(entry.bytes for entry in manifest.files.values()) / 1e6
        data = "synthetic" if manifest.training_data.synthetic else manifest.training_data.source
        heads = ", ".join(f"{head.name} ({len(head.classes)} classes)" for head in manifest.heads)
        known = [name for name in ("accuracy", "average_precision") if name in manifest.metrics]
        shown = ", ".join(f"{name.replace('_', ' ')} {manifest.metrics[name]:.3f}" for name in known)
        rows = f"{manifest.training_data.rows:,} rows of {data}"
        print(f"{manifest.version}  {size:6.1f} MB  {rows}  {heads}  {shown}")
    return 0


def _gates(
    options: argparse.Namespace, reporter: Reporter, place: Workspace, folder: Path, bucket: str
) -> None:
    """What may not answer yet is not published: raises GateFailed, unless it is forced."""
    from model_build.preflight.publishing import look, require

    parameters = load_parameters(options.params, options.service, options.changes)
    service = load_service(options.service, options.build_dir)
    verdicts = look(service, parameters, place, folder, bucket, reporter)
    if options.force:
        reporter.warn(f"--force: {folder.name} is published whatever the gates say")
    else:
        require(verdicts, f"{folder.name} may not answer yet, and is not published")


def _job(options: argparse.Namespace, build: Path | None = None) -> Job:
    service = load_service(options.service, options.build_dir)
    parameters = parameters_of(options, service.fields, yes_or_no=service.yes_or_no)
    if options.service == "content" and parameters.service.fairness.mitigation == "reweigh":
        from model_build.fairness.mitigate import with_reweighing

        parameters = with_reweighing(parameters)
    return Job(
        service=service,
        parameters=parameters,
        workspace=Workspace(build or options.build_dir, options.service),
        reporter=Reporter(),
        command=options.command_line,
    )


def _promote(reporter: Reporter, place: Workspace, version: str, role: str) -> None:
    """Tell MLflow, if this bundle was tracked there."""
    from model_build.errors import TrackingError
    from model_build.tracking import Promotion, Tracker

    if not place.was_tracked(version):
        return
    try:
        with reporter.stage("tracking") as told:
            told.note = Tracker(place.build).finish(
                Promotion(service=place.service, version=version, alias=role)
            )
    except TrackingError as error:
        reporter.warn(f"{error.detail}. The bundle is live all the same")
