"""The stages about data: data -> validate -> clean -> split -> features. Each returns what it left
in the workspace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from model_build.clean import Cleaned, clean
from model_build.csv_source import open_csv
from model_build.dataset import Dataset, load_dataset
from model_build.errors import DataValidationError
from model_build.examine import Layout
from model_build.findings import Finding
from model_build.history import HISTORY
from model_build.job import Job, Source
from model_build.reference import FeatureReference, feature_reference
from model_build.split import SplitReport, SplitResult, split
from model_build.validate import ValidationReport, validate


class Validated(msgspec.Struct, frozen=True):
    """The reports on the training file and, if there is one, on the test file."""

    train: ValidationReport
    test: ValidationReport | None = None


class CleanedData(msgspec.Struct, frozen=True):
    """The cleaned training file and, if there is one, the cleaned test file."""

    train: Cleaned
    test: Cleaned | None = None


def source_stage(job: Job) -> Source:
    """Where the rows come from; the synthetic data is written when params.yaml names no file."""
    data = job.parameters.service.data
    if data.csv is not None:
        found = Source(Path(data.csv), job.synthetic, Path(data.test_csv) if data.test_csv else None)
    else:
        rows = job.parameters.service.synthetic_rows
        path = job.workspace.path("synthetic.csv")
        with job.reporter.stage("synthetic data") as stage:
            job.service.write_synthetic(path, rows=rows, seed=job.parameters.seed)
            stage.note = f"{rows:,} rows"
        found = Source(path, True)
    job.workspace.write("source", found)
    return found


def validate_stage(job: Job, source: Source) -> Validated:
    """Both files, validated. Raises DataValidationError."""
    data, classes = job.parameters.service.data, job.parameters.service.classes
    test = None
    with job.reporter.stage("validate") as stage:
        train = validate(source.csv, job.layout, classes, delimiter=data.delimiter, progress=stage)
        if source.test_csv is not None:
            known = {head: list(counts) for head, counts in train.classes.items()}
            test = validate(
                source.test_csv, job.layout, classes, delimiter=data.delimiter, known=known, progress=stage
            )
        counted = " and ".join(f"{len(counts)} {head}" for head, counts in train.classes.items())
        stage.note = f"{train.rows:,} rows, {train.kept:,} usable; classes: {counted}"
    for report in filter(None, (train, test)):
        _tell(job, report.findings)
    validated = Validated(train, test)
    job.workspace.write("validated", validated)
    return validated


def clean_stage(job: Job, source: Source, validated: Validated, *, look: bool = True) -> CleanedData:
    """Both files, cleaned into Parquet; with `look`, the files that they name are looked at before.

    Raises DataValidationError.
    """
    delimiter = job.parameters.service.data.delimiter
    layout = look_stage(job, source) if look and job.layout.files else job.layout
    test = None
    with job.reporter.stage("clean") as stage:
        train = clean(
            source.csv,
            layout,
            validated.train,
            job.workspace.path("clean/train"),
            delimiter=delimiter,
            progress=stage,
        )
        if source.test_csv is not None and validated.test is not None:
            test = clean(
                source.test_csv,
                layout,
                validated.test,
                job.workspace.path("clean/test"),
                delimiter=delimiter,
                classes=train.classes,
                progress=stage,
            )
        stage.note = f"{train.rows:,} rows kept" + _reasons(train.dropped)
    _tell(job, train.findings)
    cleaned = CleanedData(train, test)
    job.workspace.write("clean/cleaned", cleaned)
    return cleaned


def look_stage(job: Job, source: Source) -> Layout:
    """The layout with the texts that were found in the files that the CSV names, each looked at once."""
    layout, delimiter = job.layout, job.parameters.service.data.delimiter
    paths: dict[str, dict[Path, None]] = {name: {} for name in layout.files}
    for csv in filter(None, (source.csv, source.test_csv)):
        columns = list(layout.files.values())
        for chunk in open_csv(csv, columns, delimiter).chunks(columns):
            for name, column in layout.files.items():
                named = (csv.parent / cell.strip() for cell in chunk.cells[column] if cell.strip())
                paths[name].update(dict.fromkeys(path for path in named if path.is_file()))
    with job.reporter.stage("media") as stage:
        files = {name: list(found) for name, found in paths.items()}
        derived = job.service.look(files, layout, job.parameters.service.model, job.workspace.media, stage)
        stage.note = ", ".join(f"{len(found):,} files of {name}" for name, found in files.items())
    return replace(layout, derived=derived)


def split_stage(job: Job, source: Source, cleaned: CleanedData) -> SplitResult:
    """The dataset. Raises DataValidationError when a class cannot be learned."""
    with job.reporter.stage("split") as stage:
        try:
            result = split(
                cleaned.train,
                job.columns,
                job.parameters.service.split,
                job.workspace.path("dataset"),
                seed=job.parameters.seed,
                synthetic=source.synthetic,
                test=cleaned.test,
                label_delay_days=job.parameters.service.label_delay_days,
                has_history=job.service.delayed or bool(job.layout.files),
                progress=stage,
            )
        except DataValidationError as error:
            raise DataValidationError(str(source.csv), error.findings) from error
        rows = result.report.rows
        stage.note = ", ".join(f"{part} {rows[part]:,}" for part in rows) + f"; {result.report.why}"
    _tell(job, result.report.findings)
    job.workspace.write("split", result.report)
    return result


def features_stage(job: Job, cleaned: CleanedData, dataset: Dataset) -> FeatureReference:
    """The features that come from history, if there are any, and their distribution on the train split."""
    with job.reporter.stage("features") as stage:
        job.workspace.path(HISTORY).mkdir(exist_ok=True)
        if dataset.has_history:
            job.service.replay(cleaned.train, cleaned.test, dataset, stage)
        found = feature_reference(dataset, job.service, job.parameters.service.model, stage)
        stage.note = f"{len(found.features)}, {found.rows:,} train rows looked at"
    job.workspace.write("features", found)
    return found


def read_source(job: Job) -> Source:
    """What `source_stage` left."""
    return job.workspace.read("source", Source, "source")


def read_validated(job: Job) -> Validated:
    """What `validate_stage` left."""
    return job.workspace.read("validated", Validated, "validate")


def read_cleaned(job: Job) -> CleanedData:
    """What `clean_stage` left."""
    return job.workspace.read("clean/cleaned", CleanedData, "clean")


def read_split(job: Job) -> SplitResult:
    """What `split_stage` left."""
    report = job.workspace.read("split", SplitReport, "split")
    return SplitResult(load_dataset(job.workspace.work / "dataset"), report)


def read_features(job: Job) -> FeatureReference:
    """What `features_stage` left."""
    return job.workspace.read("features", FeatureReference, "features")


def _tell(job: Job, findings: list[Finding]) -> None:
    for finding in findings:
        if finding.severity == "warning":
            job.reporter.warn(str(finding))
        else:
            job.reporter.say(f"  note: {finding}")


def _reasons(dropped: dict[str, int]) -> str:
    listed = "; ".join(f"{count:,} left out: {reason}" for reason, count in dropped.items())
    return f"; {listed}" if listed else ""
