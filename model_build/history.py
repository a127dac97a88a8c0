"""Features that come from what was before a row: one matrix a file, looked up by the row's number.

The features stage writes them, batches carry them. They are mapped, not read, so memory does not grow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from model_build.dataset import Dataset, Split
from model_build.errors import StageNotRun

HISTORY: Final = "history"
"""The folder beside the dataset's."""

Ints = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]


class History:
    """The features of one file's rows: `rows` are their numbers, ascending, in the order of `features`."""

    def __init__(self, rows: Ints, features: npt.NDArray[Any]) -> None:
        self.rows, self.features = rows, features

    def of(self, rows: Ints) -> Matrix:
        """The features of these `rows`, [rows, features]."""
        return np.asarray(self.features[np.searchsorted(self.rows, rows)], dtype=np.float32)


def paths(folder: Path, name: str) -> tuple[Path, Path]:
    """Where the row numbers and the features of the file `name` ("train" or "test") lie."""
    return folder / f"{name}-rows.npy", folder / f"{name}-features.npy"


def open_history(dataset: Dataset, split: Split) -> History:
    """The features of the rows of `split`; raises StageNotRun when there are none."""
    name = "test" if split == "test" and dataset.test_source else "train"
    rows, features = paths(dataset.folder.parent / HISTORY, name)
    if not features.is_file():
        raise StageNotRun(f"{features} is not there: run the stage features first")
    return History(np.load(rows), np.load(features, mmap_mode="r"))
