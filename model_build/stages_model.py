"""The stages about the model: cross-validate -> train -> calibrate -> thresholds -> evaluate -> export
-> verify. Each returns what it left in the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from model_build.dataset import Dataset
from model_build.errors import StageNotRun
from model_build.job import Job
from model_build.predictions import Predictions, load_predictions, predict
from model_build.service import CandidateScores, Exported, Fitted


class HeadCalibration(msgspec.Struct, frozen=True):
    """Learned on the calibrate split: logits are divided by `temperature`; the prediction set holds every
    class with at least `conformal_threshold`."""

    temperature: float
    conformal_threshold: float


class Calibration(msgspec.Struct, frozen=True):
    """The calibration of each head, and on how many rows it was learned."""

    coverage: float
    rows: int
    heads: dict[str, HeadCalibration]

    @property
    def temperatures(self) -> dict[str, float]:
        """Each head's temperature."""
        return {head: found.temperature for head, found in self.heads.items()}


class Thresholds(msgspec.Struct, frozen=True):
    """For each head and predicted class, the confidence from which it is acted on without a person."""

    heads: dict[str, dict[str, float]]


def cross_validate_stage(job: Job, dataset: Dataset) -> CandidateScores:
    """The candidates' scores over the folds, and the chosen one."""
    with job.reporter.stage("cross-validate") as stage:
        found = job.service.cross_validate(dataset, job.parameters.service.model, stage)
        scores = found.candidates[found.chosen]
        mean = sum(scores) / len(scores)
        stage.note = (
            f"{len(dataset.folds)} folds {_way(dataset)}; chosen: {found.chosen} ({found.metric} {mean:.3f})"
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


def calibrate_stage(job: Job, dataset: Dataset, fitted: Fitted) -> Calibration:
    """Each head's temperature and conformal threshold, learned on the calibrate split."""
    from model_build.calibration import fit_temperature
    from model_build.conformal import fit_threshold

    coverage = job.parameters.service.coverage
    heads: dict[str, HeadCalibration] = {}
    with job.reporter.stage("calibrate") as stage:
        held = predict(fitted, dataset, "calibrate", stage)
        held.save(job.workspace.path("calibrate.npz"))
        for head, logits in held.logits.items():
            temperature = fit_temperature(logits, held.labels[head])
            probabilities = held.probabilities(dict.fromkeys(held.logits, temperature))[head]
            heads[head] = HeadCalibration(
                temperature=float(temperature),
                conformal_threshold=float(fit_threshold(probabilities, held.labels[head], coverage)),
            )
        stage.note = ", ".join(
            f"{head}: temperature {found.temperature:.2f}" for head, found in heads.items()
        )
    calibration = Calibration(coverage, len(held.rows), heads)
    job.workspace.write("calibration", calibration)
    return calibration


def read_chosen(job: Job) -> CandidateScores:
    """What `cross_validate_stage` left."""
    return job.workspace.read("cross-validation", CandidateScores, "cross-validate")


def read_fitted(job: Job) -> Fitted:
    """What `train_stage` left. It is a pickle of our own making, from our own build folder."""
    import joblib

    path = job.workspace.work / "fitted.joblib"
    if not path.is_file():
        raise StageNotRun(
            f"{path} is not there: run `python -m model_build stage train {job.service.name}` first"
        )
    fitted: Fitted = joblib.load(path)
    return fitted


def read_calibration(job: Job) -> Calibration:
    """What `calibrate_stage` left."""
    return job.workspace.read("calibration", Calibration, "calibrate")


def read_thresholds(job: Job) -> Thresholds:
    """What `thresholds_stage` left."""
    return job.workspace.read("thresholds", Thresholds, "thresholds")


def read_predictions(job: Job, split: str, stage: str) -> Predictions:
    """The scores on `split` that `stage` left."""
    path = job.workspace.work / f"{split}.npz"
    if not path.is_file():
        raise StageNotRun(
            f"{path} is not there: run `python -m model_build stage {stage} {job.service.name}` first"
        )
    return load_predictions(path)


def _way(dataset: Dataset) -> str:
    return {"time": "in the order of time", "group": "by group", "stratified": "by class"}[dataset.split_kind]


__all__ = ["Any", "Exported", "Path"]
