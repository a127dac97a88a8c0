"""What people say that they are: columns of the training CSV that no model is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from lambdas.core.bundle import sha256_of
from model_build.csv_source import open_csv
from model_build.dataset import Dataset
from model_build.errors import StageNotRun
from model_build.job import Source
from model_build.workspace import Workspace


def declared(
    dataset: Dataset,
    place: Workspace,
    columns: Sequence[str],
    rows: npt.NDArray[Any],
    delimiter: str = ",",
    *,
    tested: bool = True,
) -> dict[str, list[str]]:
    """The cells of `columns` in the CSV that `dataset` came from, by column; `rows` are numbered as it does.

    `tested`: the rows are those of the separate test file, where there was one. Raises DataValidationError
    when the CSV has no such column, StageNotRun when that CSV is not what the workspace knows any more.
    """
    if not columns:
        return {}
    path = _csv_of(dataset, place.read("source", Source, "source"), tested=tested)
    wanted = {int(row): place_ for place_, row in enumerate(rows)}
    found = {name: [""] * len(rows) for name in columns}
    for chunk in open_csv(path, list(columns), delimiter).chunks(list(columns)):
        for k, row in enumerate(chunk.rows):
            if row in wanted:
                for name in columns:
                    found[name][wanted[row]] = chunk.cells[name][k].strip()
    return found


def _csv_of(dataset: Dataset, source: Source, *, tested: bool) -> Path:
    """The file, whose bytes must be those of then: a training that was refused leaves the name of its own."""
    name, sha256 = dataset.source, dataset.sha256
    path: Path | None = source.csv
    if tested and dataset.test_source and dataset.test_sha256:
        name, sha256, path = dataset.test_source, dataset.test_sha256, source.test_csv
    if path is None or not path.is_file() or sha256_of(path) != sha256:
        raise StageNotRun(
            f"the groups cannot be read: the model was trained with {Path(name).name} "
            f"(sha256 {sha256[:16]}…), and {path or source.csv}, which the newest training was given, "
            "is not that file as it was. "
            "Train again with the file as it is now; for a report, audit a labelled file: "
            "make fairness CSV= TEXT= LABEL= GROUPS="
        )
    return path
