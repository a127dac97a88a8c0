"""The stages about the model: cross-validate -> train -> calibrate -> thresholds -> evaluate. Each
returns what it left in the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from lambdas.core.bundle import Conformal
from model_build.business import Impact, Shares, decode_assumptions, impact
from model_build.calibration import Calibration, fit_calibration
from model_build.conformal import Coverage, fit_conformal, measure_coverage
from model_build.costs import decode_costs
from model_build.dataset import Batch, Dataset, Split
from model_build.errors import StageNotRun
from model_build.evaluation import Evaluation, evaluate
from model_build.intervals import Interval, wilson
from model_build.job import Job
from model_build.languages import detect
from model_build.predictions import Floats, Predictions, load_predictions, predict
from model_build.reliability import Reliability, reliability
from model_build.service import CandidateScores, Fitted, Progress
from model_build.thresholds import PolicyReport, Thresholds, acted_on, choose_thresholds, policy_report


class HeadCalibration(msgspec.Struct, frozen=True):
    """What a head learned on the calibrate split."""

    calibration: Calibration
    conformal: Conformal


class HeadReport(msgspec.Struct, frozen=True):
    """Everything measured about a head on the test split."""

    evaluation: Evaluation
    reliability: Reliability
    coverage: Coverage
    policy: PolicyReport


class Report(msgspec.Struct, frozen=True):
    """Everything measured on the test split.

    `acted` is the share of the rows that the deciding head, the first, does not send to a person, and
    `acted_errors` the share of those that it gets wrong. `languages_detected`: the data did not say them.
    """

    rows: int
    languages_detected: bool
    heads: dict[str, HeadReport]
    acted: Interval
    acted_errors: Interval
    impact: Impact


def cross_validate_stage(job: Job, dataset: Dataset) -> CandidateScores:
    """The candidates' scores over the folds, and the chosen one."""
    with job.reporter.stage("cross-validate") as stage:
        found = job.service.cross_validate(dataset, job.parameters.service.model, stage)
        scores = found.candidates[found.chosen]
        mean = sum(scores) / len(scores)
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
        held = predict(fitted, dataset, "calibrate", progress=stage)
        held.save(job.workspace.path("calibrate.npz"))
        for head, scores in held.logits.items():
            found = fit_calibration(scores, held.labels[head], seed=seed)
            conformal = fit_conformal(found.probabilities(scores), held.labels[head], coverage)
            heads[head] = HeadCalibration(found, conformal)
        methods = ", ".join(f"{head} by {found.calibration.method}" for head, found in heads.items())
        stage.note = f"{len(held.rows):,} rows; {methods}"
    job.workspace.write("calibration", heads)
    return heads


def thresholds_stage(
    job: Job, dataset: Dataset, calibrated: Mapping[str, HeadCalibration]
) -> dict[str, Thresholds]:
    """From which confidence each class is acted on, by the costs in params.yaml."""
    costs = decode_costs(job.parameters.service.costs)
    held = read_predictions(job, "calibrate")
    chosen: dict[str, Thresholds] = {}
    with job.reporter.stage("thresholds") as stage:
        for head, found in calibrated.items():
            classes = dataset.classes[head]
            chosen[head] = choose_thresholds(
                found.calibration.probabilities(held.logits[head]),
                held.labels[head],
                classes,
                costs.of(head),
                found.conformal,
            )
        stage.note = ", ".join(f"{head}: {found.everywhere:.2f}" for head, found in chosen.items())
    for head in chosen:
        if strange := costs.of(head).unknown(dataset.classes[head]):
            job.reporter.warn(f"costs: '{head}' has no class {', '.join(strange)}")
    job.workspace.write("thresholds", chosen)
    return chosen


def evaluate_stage(
    job: Job,
    dataset: Dataset,
    fitted: Fitted,
    calibrated: Mapping[str, HeadCalibration],
    thresholds: Mapping[str, Thresholds],
) -> Report:
    """Everything measured on the test split, which nothing before this stage has looked at."""
    with job.reporter.stage("evaluate") as stage:
        tested = _tested(job, dataset, fitted, stage)
        tested.save(job.workspace.path("test.npz"))
        report = _report(job, dataset, tested, calibrated, thresholds)
        first = report.heads[dataset.heads[0]].evaluation
        stage.note = f"{report.rows:,} rows; {first.head} accuracy {first.accuracy.value:.3f}"
    job.workspace.write("evaluation", report)
    return report


def _tested(job: Job, dataset: Dataset, fitted: Fitted, progress: Progress) -> Predictions:
    """The scores on the test split, with the rules' answers and, where the data has none, the languages."""
    texts: list[str] = []
    rules: list[str] = []

    def look(batch: Batch) -> None:
        rules.extend(job.service.rules(batch) or [])
        if batch.languages is None:
            texts.extend(job.service.texts(batch))

    found = predict(fitted, dataset, "test", each=look, progress=progress)
    languages = detect(texts) if texts else found.languages
    return replace(found, rules=rules or None, languages=languages)


def _report(
    job: Job,
    dataset: Dataset,
    tested: Predictions,
    calibrated: Mapping[str, HeadCalibration],
    thresholds: Mapping[str, Thresholds],
) -> Report:
    heads: dict[str, HeadReport] = {}
    for head, found in calibrated.items():
        heads[head] = _head_report(job, dataset, tested, head, found, thresholds[head])
    first = dataset.heads[0]
    decides = calibrated[first]
    probabilities = decides.calibration.probabilities(tested.logits[first])
    clear = acted_on(probabilities, dataset.classes[first], thresholds[first].by_class, decides.conformal)
    scaled = decides.calibration.scale(tested.logits[first])
    wrong = scaled.argmax(axis=1) != tested.labels[first]
    shares = Shares(
        acted=float(clear.mean()),
        acted_wrong=float((clear & wrong).mean()),
        majority_wrong=1.0 - heads[first].evaluation.majority.value,
    )
    return Report(
        rows=len(tested.rows),
        languages_detected=dataset.columns.language is None,
        heads=heads,
        acted=wilson(int(clear.sum()), len(clear)),
        acted_errors=wilson(int((clear & wrong).sum()), int(clear.sum())),
        impact=impact(shares, decode_assumptions(job.parameters.service.business)),
    )


def _head_report(
    job: Job, dataset: Dataset, tested: Predictions, head: str, found: HeadCalibration, chosen: Thresholds
) -> HeadReport:
    classes, labels, seed = dataset.classes[head], tested.labels[head], job.parameters.seed
    logits: Floats = found.calibration.scale(tested.logits[head])
    probabilities = found.calibration.probabilities(tested.logits[head])
    costs = decode_costs(job.parameters.service.costs).of(head)
    return HeadReport(
        evaluation=evaluate(
            head,
            classes,
            logits,
            labels,
            train_counts=dataset.class_counts["train"][head],
            seed=seed,
            languages=tested.languages,
            rules=tested.rules if head == dataset.heads[0] else None,
        ),
        reliability=reliability(probabilities, labels, seed=seed),
        coverage=measure_coverage(probabilities, labels, found.conformal, classes, tested.languages),
        policy=policy_report(probabilities, labels, classes, chosen, found.conformal, costs),
    )


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


def read_report(job: Job) -> Report:
    """What `evaluate_stage` left."""
    return job.workspace.read("evaluation", Report, "evaluate")


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
