"""The training data of a retraining: what the champion was trained on, and the verdicts beside it."""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec
import pyarrow.parquet as pq
from rich.console import Console

from model_build import stages_data as stages
from model_build.clean import ROW
from model_build.csv_source import LONGEST_FIELD, header_of, open_csv
from model_build.job import Job, Source
from model_build.parameters import DataParameters, Parameters
from model_build.progress import Reporter
from model_build.retrain_log import Verdict
from model_build.retrain_rows import FetchMedia, Row, held_out, no_media, row_of
from model_build.workspace import Workspace

RETRAINING = "retrain"
TRAIN, TEST, HOLDOUT = "train.csv", "test.csv", "holdout.csv"


class Joined(NamedTuple):
    """Where the rows are: `train`, `test` (None where the order of time decides what tests), and the verdicts
    of `holdout`. How many verdicts train, are held out, and could not be used."""

    train: Path
    test: Path | None
    holdout: Path | None
    base_rows: int
    trained: int
    held_out: int
    unusable: int


def tested_rows(job: Job, source: Source) -> frozenset[int]:
    """The rows of the base CSV that test: the champion's too, if it was trained on this CSV and split alike.

    A candidate is tested on the same rows, and verdicts are none of them: of the rows of another split the
    champion would have seen most, and on wrong verdicts the candidate would look right. No rows where a
    separate file tests, or where the order of time decides. Raises DataValidationError.
    """
    if source.test_csv is not None or job.service.delayed:
        return frozenset()
    job.workspace.build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=job.workspace.build, prefix="split-") as folder:
        aside = replace(
            job,
            workspace=Workspace(Path(folder), job.service.name),
            reporter=Reporter(Console(quiet=True)),
            synthetic=source.synthetic,
        )
        cleaned = stages.clean_stage(aside, source, stages.validate_stage(aside, source), look=False)
        dataset = stages.split_stage(aside, source, cleaned).dataset
        shards = sorted((dataset.folder / "test").glob("*.parquet"))
        return frozenset(
            row for path in shards for row in pq.read_table(path, columns=[ROW])[ROW].to_pylist()
        )


def columns_of(data: DataParameters) -> list[str]:
    """The columns of the CSV that are trained on, in order."""
    single = [name for name in (data.time, data.group, data.language) if name]
    return list(dict.fromkeys([*data.text, *data.label, *single, *data.extra.values()]))


def join(
    job: Job,
    base: Path,
    verdicts: Sequence[Verdict],
    fetch: FetchMedia = no_media,
    tested: frozenset[int] = frozenset(),
) -> Joined:
    """Write the joined CSV, the base rows `tested` and the held-out verdicts below build/<service>/retrain.

    Raises DataValidationError when the base is no such CSV.
    """
    data, parameters = job.parameters.service.data, job.parameters.service.retrain
    header = set(header_of(base, data.delimiter))
    groups = [name for name in job.parameters.service.fairness.groups if name in header]
    columns = list(dict.fromkeys([*columns_of(data), *groups]))
    added = set(file_columns(job)) - header
    repeat = 1 if job.service.delayed else parameters.repeat  # a repeated transaction would be a second one
    counted = {"base_rows": 0, "trained": 0, "held_out": 0, "unusable": 0}
    paths = {
        name: job.workspace.build / job.service.name / RETRAINING / name for name in (TRAIN, TEST, HOLDOUT)
    }
    with ExitStack() as stack:
        into = {name: _writer(stack.enter_context(_fresh(path)), columns) for name, path in paths.items()}
        for number, row in _base(base, [name for name in columns if name not in added], job):
            into[TEST if number in tested else TRAIN].writerow(row)
            counted["base_rows"] += 1
        for verdict in verdicts:
            found = row_of(verdict, job.service, data, fetch, groups)
            if found is None:
                counted["unusable"] += 1
            elif not job.service.delayed and held_out(verdict, parameters.holdout):
                into[HOLDOUT].writerow(found)
                counted["held_out"] += 1
            else:
                into[TRAIN].writerows([found] * repeat)
                counted["trained"] += 1
    holdout = paths[HOLDOUT] if counted["held_out"] else None
    return Joined(paths[TRAIN], paths[TEST] if tested else None, holdout, **counted)


def _fresh(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8", newline="")


def _writer(file: TextIO, columns: Sequence[str]) -> csv.DictWriter[str]:
    made = csv.DictWriter(file, columns, restval="")
    made.writeheader()
    return made


def file_columns(job: Job) -> list[str]:
    """The columns whose cells are paths of files."""
    extra = job.parameters.service.data.extra
    return [column for field, column in extra.items() if job.service.fields[field].kind == "file"]


def with_media(job: Job, verdicts: Sequence[Verdict]) -> Job:
    """The job with columns for the media of the verdicts, where there are some and the data has none.

    What cannot be read of them is left out, as serving leaves it out.
    """
    service = job.parameters.service
    kept = {
        name: name
        for name, field in job.service.fields.items()
        if field.kind == "file"
        and name not in service.data.extra
        and any(isinstance(verdict.asked.get(name), dict) for verdict in verdicts)
    }
    if not kept:
        return job
    changed = msgspec.structs.replace(
        service,
        data=msgspec.structs.replace(service.data, extra={**service.data.extra, **kept}),
        missing=msgspec.structs.replace(service.missing, media="impute"),
    )
    return replace(job, parameters=msgspec.structs.replace(job.parameters, service=changed))


def with_joined(job: Job, joined: Joined) -> tuple[Parameters, str | None]:
    """The job's parameters with the joined CSV, and why another kind of split is used, if one is.

    Verdicts are the newest rows: split by time none would be trained on, so where no feature hangs on the
    order of time the rows are split otherwise.
    """
    service = job.parameters.service
    data = msgspec.structs.replace(service.data, csv=str(joined.train), delimiter=",")
    if joined.test is not None:
        data = msgspec.structs.replace(data, test_csv=str(joined.test))
    changed = msgspec.structs.replace(service, data=data)
    why = None
    if (
        data.time
        and not job.service.delayed
        and service.split.by in {"auto", "time"}
        and not service.label_delay_days
    ):
        by = "group" if data.group else "stratified"
        changed = msgspec.structs.replace(changed, split=msgspec.structs.replace(service.split, by=by))
        why = f"verdicts are the newest rows, and split by time none of them would be trained on: split {by}"
    return msgspec.structs.replace(job.parameters, service=changed), why


def _base(path: Path, columns: Sequence[str], job: Job) -> Iterator[tuple[int, Row]]:
    """(number, row) of the base CSV; paths of files are made absolute, for the joined file lies elsewhere."""
    csv.field_size_limit(min(LONGEST_FIELD, sys.maxsize))
    data = job.parameters.service.data
    files = [name for name in file_columns(job) if name in columns]
    for chunk in open_csv(path, columns, data.delimiter).chunks(columns):
        for k in range(len(chunk.rows)):
            row = {name: chunk.cells[name][k] for name in columns}
            for name in files:
                if row[name].strip():
                    row[name] = str((path.parent / row[name]).resolve())
            yield chunk.rows[k], row
