"""Connected components, against the plainest way there is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from lambdas.content.image.components import components


def labelled(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    runs = components(mask)
    made = np.full(mask.shape, -1)
    for row, start, end, component in zip(runs.row, runs.start, runs.end, runs.component, strict=True):
        made[row, start:end] = component
    return made


def flooded(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """By filling from one pixel after the other."""
    made, count = np.full(mask.shape, -1), 0
    for start in zip(*np.nonzero(mask), strict=True):
        if made[start] >= 0:
            continue
        waiting = [start]
        while waiting:
            row, column = waiting.pop()
            if (
                0 <= row < mask.shape[0]
                and 0 <= column < mask.shape[1]
                and mask[row, column]
                and made[row, column] < 0
            ):
                made[row, column] = count
                waiting += [(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        count += 1
    return made


@given(arrays.arrays(np.bool_, some.tuples(some.integers(1, 12), some.integers(1, 12))))
def test_the_same_pieces_as_by_filling(mask: npt.NDArray[np.bool_]) -> None:
    ours, theirs = labelled(mask), flooded(mask)
    assert ((ours < 0) == ~mask).all()
    pairs = set(zip(ours[mask].tolist(), theirs[mask].tolist(), strict=True))
    assert len(pairs) == len(set(ours[mask])) == len(set(theirs[mask]))


@pytest.mark.parametrize("shape", [(1, 1), (3, 0), (40, 60)])
def test_nothing_has_no_pieces(shape: tuple[int, int]) -> None:
    assert components(np.zeros(shape, dtype=np.bool_)).row.size == 0


def test_a_spiral_is_one_piece() -> None:
    mask = np.zeros((41, 41), dtype=np.bool_)
    row, column = 20, 20
    for length in range(2, 40, 2):
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            for _ in range(length):
                mask[np.clip(row, 0, 40), np.clip(column, 0, 40)] = True
                row, column = row + down, column + right
    assert set(components(mask).component.tolist()) == {0}
