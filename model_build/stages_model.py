"""The stages about the model: cross-validate -> train -> calibrate -> thresholds -> evaluate. Each
returns what it left in the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model_build.calibration import fit_calibration
from model_build.conformal import fit_conformal
from model_build.dataset import Dataset, Split
from model_build.errors import StageNotRun
from model_build.job import Job
from model_build.predictions import Predictions, load_predictions, predict
from model_build.service import CandidateScores, Fitted
from model_build.task import HeadCalibration, Measured
from model_build.thresholds import Thresholds


def cross_validate_stage(job: Job, dataset: Dataset) -> CandidateScores:
    """The candidates' scores over the folds, and the chosen one."""
    with job.reporter.stage("cross-validate") as stage:
        found = job.service.cross_validate(dataset, job.parameters.service.model, stage)
        scores = found.candidates[found.chosen]
        mean = sum(scores) / max(len(scores), 1)
        way = {"time": "in the order of time", "group": "by group", "stratified": "by class"}
        stage.note = (
            f"{len(dataset.folds)} folds {way[dataset.split_kind]}; "
            f"chosen: {found.chosen} ({found.metric} {mean:.3f})"
        )
    job.workspace.write("cross-validation", found)
    return found


def train_stage(job: Job, dataset: Dataset, chosen: CandidateScores) -> Fitted:
    """The fitted model; it is kept with joblib for the stages after it, never served."""
    import joblib

    with job.reporter.stage("train") as stage:
        fitted = job.service.fit(dataset, job.parameters.service.model, chosen, stage)
        joblib.dump(fitted, job.workspace.path("fitted.joblib"))
        stage.note = f"{dataset.split_rows['train']:,} rows"
    return fitted


def calibrate_stage(job: Job, dataset: Dataset, fitted: Fitted) -> dict[str, HeadCalibration]:
    """Each head's calibration and prediction sets, learned on the calibrate split."""
    coverage, seed = job.parameters.service.coverage, job.parameters.seed
    heads: dict[str, HeadCalibration] = {}
    with job.reporter.stage("calibrate") as stage:
        held = predict(
            fitted,
            dataset,
            "calibrate",
            beside=lambda batch: job.service.beside(fitted, batch),
            progress=stage,
        )
        held.save(job.workspace.path("calibrate.npz"))
        for head, scores in held.logits.items():
            found = fit_calibration(scores, held.labels[head], seed=seed, floors=job.service.task.floors)
            conformal = (
                None
                if coverage is None
                else fit_conformal(found.probabilities(scores), held.labels[head], coverage)
            )
            heads[head] = HeadCalibration(found, conformal)
        methods = ", ".join(f"{head} by {found.calibration.method}" for head, found in heads.items())
        stage.note = f"{len(held.rows):,} rows; {methods}"
    job.workspace.write("calibration", heads)
    return heads


def thresholds_stage(
    job: Job, dataset: Dataset, calibrated: Mapping[str, HeadCalibration]
) -> dict[str, Thresholds]:
    """From which confidence each class is acted on, by the costs in params.yaml."""
    held = read_predictions(job, "calibrate")
    with job.reporter.stage("thresholds") as stage:
        chosen = job.service.task.thresholds(job, dataset, calibrated, held)
        stage.note = ", ".join(f"{head}: {found.everywhere:.2f}" for head, found in chosen.items())
    job.workspace.write("thresholds", chosen)
    return chosen


def evaluate_stage(
    job: Job,
    dataset: Dataset,
    fitted: Fitted,
    calibrated: Mapping[str, HeadCalibration],
    thresholds: Mapping[str, Thresholds],
) -> Measured:
    """Everything measured on the test split, which nothing before this stage has looked at."""
    task = job.service.task
    with job.reporter.stage("evaluate") as stage:
        tested = task.test(job, dataset, fitted, stage)
        tested.save(job.workspace.path("test.npz"))
        report = task.measure(job, dataset, tested, calibrated, thresholds)
        stage.note = f"{report.rows:,} rows; {task.in_short(report)}"
    job.workspace.write("evaluation", report)
    return report


def read_chosen(job: Job) -> CandidateScores:
    """What `cross_validate_stage` left."""
    return job.workspace.read("cross-validation", CandidateScores, "cross-validate")


def read_fitted(job: Job) -> Fitted:
    """What `train_stage` left. It is a pickle of our own making, from our own build folder."""
    import joblib

    fitted: Fitted = joblib.load(_there(job, "fitted.joblib", "train"))
    return fitted


def read_calibrated(job: Job) -> dict[str, HeadCalibration]:
    """What `calibrate_stage` left."""
    return job.workspace.read("calibration", dict[str, HeadCalibration], "calibrate")


def read_thresholds(job: Job) -> dict[str, Thresholds]:
    """What `thresholds_stage` left."""
    return job.workspace.read("thresholds", dict[str, Thresholds], "thresholds")


def read_report(job: Job) -> Any:
    """What `evaluate_stage` left."""
    return job.workspace.read("evaluation", job.service.task.report(), "evaluate")


def read_predictions(job: Job, split: Split) -> Predictions:
    """The scores on the calibrate or the test split."""
    return load_predictions(_there(job, f"{split}.npz", {"test": "evaluate"}.get(split, "calibrate")))


def _there(job: Job, name: str, stage: str) -> Path:
    path = job.workspace.work / name
    if not path.is_file():
        raise StageNotRun(
            f"{path} is not there: run `python -m model_build stage {stage} {job.service.name}` first"
        )
    return path
