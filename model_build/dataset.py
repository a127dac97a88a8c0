"""Cleaned data on disk, in batches: what every stage after the split reads.

The rows lie in Parquet shards, one folder a split, in a seeded random order. Reading holds one shard
in memory (at most SHARD_ROWS rows), so the memory does not grow with the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.errors import StageNotRun

Split = Literal["train", "calibrate", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "calibrate", "test")
SplitKind = Literal["time", "group", "stratified"]

DATASET: Final = "dataset.json"
FIELD, LABEL = "field:", "label:"
"""Prefixes of the Parquet columns that hold a schema field, and a label as the index of its class."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Columns:
    """Which column of the user's CSV is what.

    `extra` maps a field of the service's request schema to the CSV column it is read from.
    """

    text: tuple[str, ...]
    labels: tuple[str, ...]
    time: str | None = None
    group: str | None = None
    language: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def used(self) -> list[str]:
        """Every CSV column that is read, once each."""
        single = [name for name in (self.time, self.group, self.language) if name]
        return list(dict.fromkeys([*self.text, *self.labels, *single, *self.extra.values()]))


@dataclass(frozen=True)
class Binary:
    """A label column that says yes or no: the head it becomes, and what its two classes are called.

    `positive` are the values that mean yes, in lower case, `negative` those that mean no; without any of
    these every other value means no. `column` is the CSV's. With `listed` a cell may hold several values with
    commas between, and says yes when one of them does.
    """

    head: str
    no: str
    yes: str
    positive: frozenset[str]
    negative: frozenset[str]
    column: str
    listed: bool = False

    def says(self, cell: str) -> str | None:
        """The class that `cell` means; None for a word that means neither."""
        plain = cell.casefold().removesuffix(".0")
        words = {plain}
        if self.listed:
            words = {word.strip() for word in plain.split(",")} - {""}
        if self.negative and not words <= self.positive | self.negative:
            return None
        return self.yes if words & self.positive else self.no


@dataclass(frozen=True)
class Batch:
    """Some rows of one split.

    columns: a list of values for each field of the service's request schema that the data has (for
    tickets: subject, body and, when the data says them, channel, customer_tier, previous_tickets);
    None where the row does not say. labels: the index into `Dataset.classes[head]`, int64 [n], for each
    head. rows: where the row stood in the CSV, as a spreadsheet counts (the header is row 1). folds:
    the fold of each row for cross-validation, -1 outside the train split. times: in ms since 1970 UTC.
    history: the features that came from what was before each row, [rows, features] with NaN for unknown,
    for services that have some.
    """

    columns: Mapping[str, list[str | None]]
    labels: Mapping[str, Ints]
    rows: Ints
    folds: Ints
    groups: list[str | None] | None
    languages: list[str | None] | None
    times: Ints | None = None
    history: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, count: int) -> Batch:
        """The first `count` rows, or all when there are not as many."""
        return self if count >= len(self) else self.part(0, count)

    def part(self, start: int, stop: int) -> Batch:
        """The rows from `start` up to `stop`."""
        here = slice(start, stop)
        return Batch(
            columns={name: values[here] for name, values in self.columns.items()},
            labels={head: labels[here] for head, labels in self.labels.items()},
            rows=self.rows[here],
            folds=self.folds[here],
            groups=None if self.groups is None else self.groups[here],
            languages=None if self.languages is None else self.languages[here],
            times=None if self.times is None else self.times[here],
            history=None if self.history is None else self.history[here],
        )


class Fold(msgspec.Struct, frozen=True):
    """One round of cross-validation: fit on the rows in `train` folds, score on the `validate` fold."""

    train: tuple[int, ...]
    validate: int


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """The cleaned and split data of one CSV; see `batches`.

    `rows` are those of the source file, `sha256` is its. `left_out` counts by reason those of its rows that
    are in no split, `test_left_out` those of a separate test file. The heads are the label columns, the
    first one decides. `class_counts[split][head][k]` counts the rows of class k. `test_source` names the
    separate file the test split comes from, if it does. `has_history`: a replay gives its rows features;
    `label_delay_ms` is how long after a row its label is known.
    """

    folder: Path
    source: str
    sha256: str
    rows: int
    synthetic: bool
    columns: Columns
    fields: list[str]
    classes: dict[str, list[str]]
    split_rows: dict[Split, int]
    class_counts: dict[Split, dict[str, list[int]]]
    split_kind: SplitKind
    split_why: str
    folds: list[Fold]
    seed: int
    left_out: dict[str, int] = {}
    test_left_out: dict[str, int] = {}
    test_source: str | None = None
    test_sha256: str | None = None
    has_history: bool = False
    label_delay_ms: int = 0

    @property
    def heads(self) -> tuple[str, ...]:
        """The label columns, the deciding one first."""
        return tuple(self.classes)

    def batches(self, split: Split, size: int = 4096, *, epoch: int = 0) -> Iterator[Batch]:
        """The rows of `split` in batches of at most `size`, in the same order at every call.

        Another `epoch` gives another order. Batches do not cross shards, so some are smaller.
        """
        from model_build.shards import read_batches  # pyarrow is only imported where data is read

        return read_batches(self, split, size, epoch)

    def save(self) -> None:
        """Write dataset.json into `folder`."""
        here = msgspec.structs.replace(self, folder=Path())
        (self.folder / DATASET).write_bytes(msgspec.json.format(msgspec.json.encode(here, enc_hook=str)))


def load_dataset(folder: Path) -> Dataset:
    """The dataset that was saved in `folder`; raises StageNotRun when there is none."""
    path = folder / DATASET
    if not path.is_file():
        raise StageNotRun(f"{path} is not there: run the stages validate, clean and split first")
    decoded: Dataset = msgspec.json.decode(
        path.read_bytes(), type=Dataset, dec_hook=lambda kind, value: kind(value)
    )
    return msgspec.structs.replace(decoded, folder=folder)
