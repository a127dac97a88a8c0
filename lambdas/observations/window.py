"""The observations of a service between two times, in columns: what every loop computes on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """A column of words: `codes[k]` is the place of row k's word in `words`, -1 for none."""

    words: tuple[str, ...]
    codes: npt.NDArray[np.int32]

    def is_(self, word: str) -> Bools:
        """Which rows have this word."""
        rows: Bools = self.codes == (self.words.index(word) if word in self.words else -2)
        return rows


@dataclass(frozen=True)
class Window:
    """`n` decisions in order of time, each once. All columns have a row each; NaN is unknown.

    `id` is record.row_id. `at` is in seconds since the epoch, `features` float32 [n, names]. `entity` is 0
    where there is none: each such row is an entity of its own. `other_*` are what the other variant would
    have answered, where it was asked (`other_version` code >= 0; `other_outcome` code -1 where it failed).
    `label` code -1: nobody has said yet. `segments` has a column a name.
    """

    service: str
    names: tuple[str, ...]
    id: npt.NDArray[np.uint64]
    at: Floats
    assigned: Column
    variant: Column
    version: Column
    source: Column
    outcome: Column
    review: Bools
    confidence: Floats
    ms: Floats
    entity: npt.NDArray[np.uint64]
    severity: npt.NDArray[np.int8]
    features: npt.NDArray[np.float32]
    segments: dict[str, Column]
    other_version: Column
    other_outcome: Column
    other_review: Bools
    other_confidence: Floats
    other_ms: Floats
    label: Column
    labelled_at: Floats

    def __len__(self) -> int:
        return len(self.id)

    def where(self, rows: Bools | npt.NDArray[np.intp]) -> Window:
        """Only these rows."""
        return Window(**{field.name: _taken(getattr(self, field.name), rows) for field in fields(self)})


def _taken(value: Any, rows: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value[rows]
    if isinstance(value, Column):
        return Column(value.words, value.codes[rows])
    if isinstance(value, dict):
        return {name: _taken(each, rows) for name, each in value.items()}
    return value
