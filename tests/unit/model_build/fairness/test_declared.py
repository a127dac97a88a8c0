"""What people say that they are is read from the file that was trained on, and from no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lambdas.core.bundle import sha256_of
from model_build.dataset import Columns, Dataset
from model_build.errors import StageNotRun
from model_build.fairness.declared import declared
from model_build.job import Source
from model_build.workspace import Workspace

ROWS = np.array([3, 2], dtype=np.int64)


def csv(path: Path, *groups: str) -> Path:
    path.write_text("text,group\n" + "".join(f"hello,{group}\n" for group in groups))
    return path


def dataset(train: Path, test: Path | None = None) -> Dataset:
    return Dataset(
        folder=train.parent, source=train.name, sha256=sha256_of(train), rows=2, synthetic=False,
        columns=Columns(("text",), ("label",)), fields=[], classes={}, split_rows={}, class_counts={},
        split_kind="stratified", split_why="", folds=[], seed=1,
        test_source=test.name if test else None, test_sha256=sha256_of(test) if test else None,
    )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "build", "content")


def test_the_cells_come_in_the_order_of_the_rows(tmp_path: Path, place: Workspace) -> None:
    train, test = csv(tmp_path / "a.csv", "north", "south"), csv(tmp_path / "b.csv", "east", "west")
    place.write("source", Source(train, False, test))
    held = dataset(train, test)
    assert declared(held, place, ["group"], ROWS) == {"group": ["west", "east"]}
    assert declared(held, place, ["group"], ROWS, tested=False) == {"group": ["south", "north"]}


def test_the_file_of_a_training_that_was_refused_is_not_read(tmp_path: Path, place: Workspace) -> None:
    train, bad = csv(tmp_path / "a.csv", "north", "south"), csv(tmp_path / "bad.csv", "x", "y")
    place.write("source", Source(bad, False))
    with pytest.raises(StageNotRun, match=r"trained with a\.csv .*bad\.csv, which .*make fairness CSV="):
        declared(dataset(train), place, ["group"], ROWS)
    assert declared(dataset(train), place, [], ROWS) == {}, "without groups no file is needed"


@pytest.mark.parametrize("lost", ["changed", "gone", "without a test file"])
def test_a_file_that_is_not_as_it_was_is_not_read(tmp_path: Path, place: Workspace, lost: str) -> None:
    train, test = csv(tmp_path / "a.csv", "north", "south"), csv(tmp_path / "b.csv", "east", "west")
    held = dataset(train, test)
    place.write("source", Source(train, False, None if lost == "without a test file" else test))
    if lost == "changed":
        csv(test, "west", "east")
    if lost == "gone":
        test.unlink()
    with pytest.raises(StageNotRun, match=r"trained with b\.csv"):
        declared(held, place, ["group"], ROWS)
