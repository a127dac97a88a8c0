"""The training data of a retraining: what the champion was trained on, and the verdicts beside it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from lambdas.core.bundle import sha256_of
from model_build.csv_source import LONGEST_FIELD, header_of, open_csv
from model_build.job import Job
from model_build.parameters import DataParameters
from model_build.preflight.held_out import JOINED, RETRAINING, JoinedNote
from model_build.retrain_log import Verdict
from model_build.retrain_rows import FetchMedia, Row, held_out, no_media, row_of

TRAIN, HOLDOUT = "train.csv", "holdout.csv"


class Joined(NamedTuple):
    """Where the rows are, and how many verdicts train, are held out, and could not be used."""

    train: Path
    holdout: Path | None
    base_rows: int
    trained: int
    held_out: int
    unusable: int


def columns_of(data: DataParameters) -> list[str]:
    """The columns of the CSV that are trained on, in order."""
    single = [name for name in (data.time, data.group, data.language) if name]
    return list(dict.fromkeys([*data.text, *data.label, *single, *data.extra.values()]))


def join(job: Job, base: Path, verdicts: Sequence[Verdict], fetch: FetchMedia = no_media) -> Joined:
    """Write the joined CSV and the held-out verdicts below build/<service>/retrain.

    Raises DataValidationError when the base is no such CSV.
    """
    data, parameters = job.parameters.service.data, job.parameters.service.retrain
    header = set(header_of(base, data.delimiter))
    groups = [name for name in job.parameters.service.fairness.groups if name in header]
    columns = list(dict.fromkeys([*columns_of(data), *groups]))
    folder = job.workspace.build / job.service.name / RETRAINING
    folder.mkdir(parents=True, exist_ok=True)
    train, holdout = folder / TRAIN, folder / HOLDOUT
    repeat = 1 if job.service.delayed else parameters.repeat  # a repeated transaction would be a second one
    counted = {"trained": 0, "held_out": 0, "unusable": 0}
    with (
        train.open("w", encoding="utf-8", newline="") as rows,
        holdout.open("w", encoding="utf-8", newline="") as held,
    ):
        into, aside = (csv.DictWriter(file, columns, restval="") for file in (rows, held))
        into.writeheader()
        aside.writeheader()
        base_rows = 0
        added = set(file_columns(job)) - header
        for row in _base(base, [name for name in columns if name not in added], job):
            into.writerow(row)
            base_rows += 1
        for verdict in verdicts:
            found = row_of(verdict, job.service, data, fetch, groups)
            if found is None:
                counted["unusable"] += 1
            elif not job.service.delayed and held_out(verdict, parameters.holdout):
                aside.writerow(found)
                counted["held_out"] += 1
            else:
                for _ in range(repeat):
                    into.writerow(found)
                counted["trained"] += 1
    (folder / JOINED).write_bytes(msgspec.json.encode(JoinedNote(sha256_of(train), base_rows)))
    return Joined(train, holdout if counted["held_out"] else None, base_rows, **counted)


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


def with_joined(job: Job, joined: Path) -> tuple[Any, str | None]:
    """The job's parameters with the joined CSV, and why another kind of split is used, if one is.

    Verdicts are the newest rows: split by time none would be trained on, so where no feature hangs on the
    order of time the rows are split otherwise.
    """
    service = job.parameters.service
    data = msgspec.structs.replace(service.data, csv=str(joined), delimiter=",")
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


def _base(path: Path, columns: Sequence[str], job: Job) -> Iterator[Row]:
    """The rows of the base CSV; paths of files are made absolute, for the joined file lies elsewhere."""
    csv.field_size_limit(min(LONGEST_FIELD, sys.maxsize))
    data = job.parameters.service.data
    files = [name for name in file_columns(job) if name in columns]
    for chunk in open_csv(path, columns, data.delimiter).chunks(columns):
        for k in range(len(chunk.rows)):
            row = {name: chunk.cells[name][k] for name in columns}
            for name in files:
                if row[name].strip():
                    row[name] = str((path.parent / row[name]).resolve())
            yield row
