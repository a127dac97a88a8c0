"""The order of the stages: all of them in one process for `train`, some of them for `stage`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lambdas.core.bundle import CARD, Manifest
from model_build import stages_bundle as last
from model_build import stages_data as data
from model_build import stages_model as model
from model_build.dataset import Dataset
from model_build.errors import ParametersError, TrackingError
from model_build.job import Job
from model_build.task import Measured
from model_build.tracking import Tracker
from model_build.tracking_run import run_of


def train_model(job: Job, *, tracked: bool = True) -> Manifest:
    """Every stage, from the data to a bundle; returns its manifest.

    Raises a BuildError that says what to do. A tracking server that fails costs a warning, no more.
    """
    tracker = Tracker(job.workspace.build) if tracked else None
    try:
        manifest, report = _train(job)
    except BaseException:
        if tracker is not None:
            tracker.stop()
        raise
    if tracker is not None:
        _track(job, tracker, manifest)
    _tell(job, manifest, report)
    return manifest


def _train(job: Job) -> tuple[Manifest, Measured]:
    source = data.source_stage(job)
    validated = data.validate_stage(job, source)
    cleaned = data.clean_stage(job, source, validated)
    dataset = data.split_stage(job, source, cleaned).dataset
    features = data.features_stage(job, cleaned, dataset)
    chosen = model.cross_validate_stage(job, dataset)
    fitted = model.train_stage(job, dataset, chosen)
    calibrated = model.calibrate_stage(job, dataset, fitted)
    thresholds = model.thresholds_stage(job, dataset, calibrated)
    report = model.evaluate_stage(job, dataset, fitted, calibrated, thresholds)
    exported = last.export_stage(job, dataset, fitted, calibrated)
    verified = last.verify_stage(job, dataset, fitted, calibrated, thresholds, exported)
    manifest = last.bundle_stage(
        job, dataset, features, chosen, calibrated, thresholds, report, exported, verified
    )
    return manifest, report


def run_stages(job: Job, names: Sequence[str]) -> None:
    """Single stages, in the order given, on what the stages before them left in the workspace."""
    known = stages(job)
    for name in names:
        if name not in known:
            raise ParametersError(f"there is no stage '{name}': choose among {', '.join(known)}")
    for name in names:
        known[name]()


def stages(job: Job) -> dict[str, Callable[[], Any]]:
    """Every stage by name, each reading what it needs from the workspace."""

    def dataset() -> Dataset:
        return data.read_split(job).dataset

    return {
        "source": lambda: data.source_stage(job),
        "validate": lambda: data.validate_stage(job, data.read_source(job)),
        "clean": lambda: data.clean_stage(job, data.read_source(job), data.read_validated(job)),
        "split": lambda: data.split_stage(job, data.read_source(job), data.read_cleaned(job)),
        "features": lambda: data.features_stage(job, data.read_cleaned(job), dataset()),
        "cross-validate": lambda: model.cross_validate_stage(job, dataset()),
        "train": lambda: model.train_stage(job, dataset(), model.read_chosen(job)),
        "calibrate": lambda: model.calibrate_stage(job, dataset(), model.read_fitted(job)),
        "thresholds": lambda: model.thresholds_stage(job, dataset(), model.read_calibrated(job)),
        "evaluate": lambda: model.evaluate_stage(
            job, dataset(), model.read_fitted(job), model.read_calibrated(job), model.read_thresholds(job)
        ),
        "export": lambda: last.export_stage(
            job, dataset(), model.read_fitted(job), model.read_calibrated(job)
        ),
        "verify": lambda: last.verify_stage(
            job,
            dataset(),
            model.read_fitted(job),
            model.read_calibrated(job),
            model.read_thresholds(job),
            last.read_exported(job),
        ),
        "bundle": lambda: last.bundle_stage(
            job,
            dataset(),
            data.read_features(job),
            model.read_chosen(job),
            model.read_calibrated(job),
            model.read_thresholds(job),
            model.read_report(job),
            last.read_exported(job),
            last.read_verified(job),
        ),
    }


def _tell(job: Job, manifest: Manifest, report: Measured) -> None:
    """The figures that matter, where the card is, and what to do next."""
    say = job.reporter.say
    size = sum(entry.bytes for entry in manifest.files.values()) / 1e6
    say(f"\n{manifest.service} model {manifest.version} ({size:.1f} MB), on {report.rows:,} test rows:")
    job.service.task.tell(job, manifest, report)
    say(f"\nThe model card: {job.workspace.bundles / manifest.version / CARD}")
    say(f"To make it live: make publish SERVICE={manifest.service}")


def _track(job: Job, tracker: Tracker, manifest: Manifest) -> None:
    try:
        with job.reporter.stage("tracking") as stage:
            stage.note = tracker.finish(run_of(job, manifest))
        job.workspace.note_tracked(manifest.version, stage.note)
    except TrackingError as error:
        job.reporter.warn(f"not tracked: {error.detail}. The bundle is complete all the same")
