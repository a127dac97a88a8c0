"""The stages at the end: export -> verify -> bundle."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from lambdas.core.bundle import MODEL, REFERENCE, TIMINGS, Head, Manifest, TrainingData
from lambdas.value.worth import SETTING
from model_build.bundle import Draft, write_bundle
from model_build.dataset import Dataset
from model_build.errors import StageNotRun
from model_build.job import Job
from model_build.reference import FeatureReference, reference
from model_build.service import CandidateScores, Exported, Fitted, Serve
from model_build.stages_model import read_predictions
from model_build.task import HeadCalibration
from model_build.thresholds import Thresholds
from model_build.verify import Parity, verify

TIMED_ROWS = 200


class ExportResult(msgspec.Struct, frozen=True):
    """The names of what was written into the workspace's folder `export`, and the manifest's settings."""

    files: list[str]
    settings: dict[str, Any]


class Verified(msgspec.Struct, frozen=True):
    """The parity of the exported model, and how long it takes for one row, in milliseconds."""

    parity: Parity
    p50_ms: float
    p95_ms: float


def export_stage(
    job: Job, dataset: Dataset, fitted: Fitted, calibrated: Mapping[str, HeadCalibration]
) -> ExportResult:
    """The model as one ONNX graph, calibrated."""
    folder = _export_folder(job)
    with job.reporter.stage("export") as stage:
        for old in folder.iterdir():
            old.unlink()
        calibrations = {head: found.calibration for head, found in calibrated.items()}
        done: Exported = job.service.export(
            fitted, calibrations, dataset, folder, job.parameters.service.costs
        )
        size = sum(path.stat().st_size for path in folder.iterdir())
        stage.note = f"{MODEL} and {len(done.files)} more files, {size / 1e6:.1f} MB"
    result = ExportResult(sorted([done.model.name, *done.files]), done.settings)
    job.workspace.write("export", result)
    return result


def verify_stage(
    job: Job,
    dataset: Dataset,
    fitted: Fitted,
    calibrated: Mapping[str, HeadCalibration],
    thresholds: Mapping[str, Thresholds],
    exported: ExportResult,
) -> Verified:
    """The exported model against the fitted one on every row of the test split. Raises ParityError."""
    with job.reporter.stage("verify") as stage:
        heads = heads_of(job, dataset, calibrated, thresholds)
        serve = job.service.served(_export_folder(job), heads, exported.settings)
        calibrations = {head: found.calibration for head, found in calibrated.items()}
        parity = verify(fitted, calibrations, serve, dataset, progress=stage)
        p50, p95 = _latency(serve, dataset)
        stage.note = f"{parity.rows:,} rows, largest difference {parity.largest:.1e}; {p50:.2f} ms a row"
    verified = Verified(parity, p50, p95)
    job.workspace.write("verified", verified)
    return verified


def bundle_stage(
    job: Job,
    dataset: Dataset,
    features: FeatureReference,
    chosen: CandidateScores,
    calibrated: Mapping[str, HeadCalibration],
    thresholds: Mapping[str, Thresholds],
    report: Any,
    exported: ExportResult,
    verified: Verified,
) -> Manifest:
    """The bundle, under its version in build/<service>/bundles."""
    with job.reporter.stage("bundle") as stage:
        tested = read_predictions(job, "test")
        probabilities = {
            head: found.calibration.probabilities(tested.logits[head]) for head, found in calibrated.items()
        }
        drift = job.workspace.path(REFERENCE)
        decisions = job.service.task.decisions(dataset, tested, calibrated, thresholds)
        drift.write_bytes(msgspec.json.encode(reference(features, dataset, probabilities, decisions)))
        folder = _export_folder(job)
        draft = Draft(
            service=job.service.name,
            seed=job.parameters.seed,
            training_data=TrainingData(
                dataset.source, dataset.sha256, dataset.rows, dataset.synthetic, job.base
            ),
            heads=heads_of(job, dataset, calibrated, thresholds),
            features=job.service.feature_names(),
            settings={**exported.settings, SETTING: worth_in_manifest(job, report)},
            metrics=metrics_of(job, dataset, report, verified),
            files={**{name: folder / name for name in exported.files}, REFERENCE: drift},
        )

        def card(path: Path, manifest: Manifest) -> None:
            from model_build.card import Facts, model_card  # it imports matplotlib

            facts = Facts(
                manifest=manifest,
                dataset=dataset,
                story=job.service.story(exported.settings),
                chosen=chosen,
                calibrated=calibrated,
                thresholds=thresholds,
                task=job.service.task,
                report=report,
                verified=verified,
                tested=tested,
                command=job.command,
            )
            with warnings.catch_warnings():
                # The plots' font lacks the letters of some class names; the card's tables have them.
                warnings.filterwarnings("ignore", message="Glyph .* missing from font")
                path.write_text(model_card(facts), encoding="utf-8")

        manifest = write_bundle(job.workspace.bundles, draft, card)
        stage.note = str(job.workspace.bundles / manifest.version)
    job.workspace.write("bundle", {"version": manifest.version, "bundle_hash": manifest.bundle_hash})
    job.workspace.write("metrics", manifest.metrics)
    return manifest


def worth_in_manifest(job: Job, report: Any) -> dict[str, Any]:
    """`settings["business"]`: what live decisions are counted with; lambdas/value/worth.py."""
    told: dict[str, Any] = msgspec.to_builtins(job.service.task.worth(job, report))
    return told


def heads_of(
    job: Job,
    dataset: Dataset,
    calibrated: Mapping[str, HeadCalibration],
    thresholds: Mapping[str, Thresholds],
) -> list[Head]:
    """The manifest's heads, the deciding one first, those without labels last."""
    labelled = [
        Head(
            name=head,
            output=f"{head}_probabilities",
            classes=dataset.classes[head],
            thresholds=thresholds[head].by_class,
            conformal=calibrated[head].conformal,
        )
        for head in dataset.heads
    ]
    return [*labelled, *job.service.task.more_heads(job, dataset)]


def metrics_of(job: Job, dataset: Dataset, report: Any, verified: Verified) -> dict[str, Any]:
    """The manifest's metrics, all but the card's detail: rounded, so that they read well and compare."""
    return {
        **job.service.task.metrics(report),
        "rows": {**dataset.split_rows},
        "left_out": dataset.left_out,
        "test_left_out": dataset.test_left_out,
        "parity": {"rows": verified.parity.rows, "tolerance": verified.parity.tolerance},
        TIMINGS: {
            "p50_ms": _rounded(verified.p50_ms),
            "p95_ms": _rounded(verified.p95_ms),
            "stages_s": {name: round(seconds, 2) for name, seconds in job.reporter.seconds.items()},
        },
    }


def read_exported(job: Job) -> ExportResult:
    """What `export_stage` left."""
    return job.workspace.read("export", ExportResult, "export")


def read_verified(job: Job) -> Verified:
    """What `verify_stage` left."""
    return job.workspace.read("verified", Verified, "verify")


def _export_folder(job: Job) -> Path:
    folder = job.workspace.path("export")
    folder.mkdir(exist_ok=True)
    return folder


def _latency(serve: Serve, dataset: Dataset) -> tuple[float, float]:
    """The median and the 95th percentile of the milliseconds that one row takes, on this machine."""
    batch = next(iter(dataset.batches("test", TIMED_ROWS)), None)
    if batch is None:
        raise StageNotRun("the test split has no rows: run the stage split again")
    took = []
    for k in range(min(TIMED_ROWS, len(batch))):
        row = batch.part(k, k + 1)
        started = time.perf_counter()
        serve(row)
        took.append((time.perf_counter() - started) * 1e3)
    cut = statistics.quantiles(took, n=20) if len(took) > 1 else took * 20
    return statistics.median(took), cut[-1]


def _rounded(value: float) -> float:
    return round(float(value), 6)
