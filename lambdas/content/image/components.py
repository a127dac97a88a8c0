"""Connected components of a mask, by its runs: all in numpy, so thousands of specks take milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Runs:
    """The runs of a mask, row by row: `row`, from `start` to before `end`, and the `component` of each."""

    row: Whole
    start: Whole
    end: Whole
    component: Whole


def components(mask: npt.NDArray[np.bool_]) -> Runs:
    """The runs of `mask` [h, w], touching ones (also by a corner) in one component, numbered from 0."""
    height, width = mask.shape
    padded = np.zeros((height, width + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    change = np.diff(padded, axis=1)
    row, start = np.nonzero(change == 1)
    end = np.nonzero(change == -1)[1]
    first, second = _touching(row, start, end, width)
    return Runs(row, start, end, _numbered(_roots(row.size, first, second)))


def _touching(row: Whole, start: Whole, end: Whole, width: int) -> tuple[Whole, Whole]:
    """Pairs of runs, one below the other, that touch."""
    step = width + 2
    starts, ends = row * step + start, row * step + end
    # Of the next row: from the first that ends at or after this start, to the last that starts by this end.
    begin = np.searchsorted(ends, starts + step, side="left")
    stop = np.searchsorted(starts, ends + step, side="right")
    counts = np.maximum(stop - begin, 0)
    above = np.repeat(np.arange(row.size), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return above, np.repeat(begin, counts) + offset


def _roots(size: int, first: Whole, second: Whole) -> Whole:
    """For each of `size` runs, the least run that it hangs together with."""
    parent = np.arange(size)
    while True:
        least = np.minimum(parent[first], parent[second])
        before = parent.copy()
        for side in (first, second):
            np.minimum.at(parent, before[side], least)
            np.minimum.at(parent, side, least)
        parent = parent[parent]
        if np.array_equal(parent, before):
            return parent


def _numbered(roots: Whole) -> Whole:
    numbers: npt.NDArray[Any] = np.unique(roots, return_inverse=True)[1]
    return numbers.astype(np.int64)
