"""What people say that they are: columns of the training CSV that no model is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from model_build.csv_source import open_csv
from model_build.job import Source
from model_build.workspace import Workspace


def declared(
    place: Workspace,
    columns: Sequence[str],
    rows: npt.NDArray[Any],
    delimiter: str = ",",
    *,
    tested: bool = True,
) -> dict[str, list[str]]:
    """The cells of `columns` in the CSV that was trained on, by column; `rows` are numbered as it does.

    `tested`: the rows are those of the separate test file, where there was one. Raises DataValidationError
    when the CSV has no such column, StageNotRun when nothing was trained here.
    """
    if not columns:
        return {}
    source = place.read("source", Source, "source")
    path: Path = source.test_csv if tested and source.test_csv else source.csv
    wanted = {int(row): place_ for place_, row in enumerate(rows)}
    found = {name: [""] * len(rows) for name in columns}
    for chunk in open_csv(path, list(columns), delimiter).chunks(list(columns)):
        for k, row in enumerate(chunk.rows):
            if row in wanted:
                for name in columns:
                    found[name][wanted[row]] = chunk.cells[name][k].strip()
    return found
