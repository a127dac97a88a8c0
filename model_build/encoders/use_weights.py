"""The weights of the packaged multilingual USE, as the small integers they were quantised to.

The package stores its embedding table with 6 bits in a byte, and its matrices, also quantised once, as
float32. Here both go back to the integers, without losing a bit: half the size of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

CHUNKS: Final = 17
"""Token `id` is row `id // CHUNKS` of chunk `id % CHUNKS`; a chunk has its own scale and offset."""

ORDERS: Final = ((2, 0), (3, 1), (5, 2))
"""(tokens, how many of them on the left) of the three convolutions."""

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Table:
    """The embedding of every token, [tokens, 512] numbers of 6 bits.

    Number c of token t is `offsets[t] + low + 16 * high`. `low` has two 4-bit numbers a byte: byte b of
    row t holds numbers b and 256 + b. Most rows span at most 16 values, so `high` is kept for the others
    alone: row `wide[t]` has four 2-bit numbers a byte (numbers b, 128 + b, 256 + b, 384 + b), and row 0 is
    zero. `scale` and `start`, [CHUNKS], make a number the weight it stands for: `number * scale + start`.
    """

    low: Bytes
    high: Bytes
    wide: npt.NDArray[np.int32]
    offsets: Bytes
    scale: Floats
    start: Floats

    def numbers(self, tokens: npt.NDArray[np.int64]) -> Bytes:
        """The 6-bit numbers of `tokens`, [tokens, 512]: what the graph computes, in numpy."""
        low, high = self.low[tokens], self.high[self.wide[tokens]]
        four = np.concatenate([low & 15, low >> 4], axis=1)
        two = np.concatenate([high >> shift & 3 for shift in (0, 2, 4, 6)], axis=1)
        numbers: Bytes = (four | two << 4) + self.offsets[tokens, None]
        return numbers


@dataclass(frozen=True)
class Matrix:
    """A matrix as int8 times `step`, bit for bit what the package has in float32."""

    values: npt.NDArray[np.int8]
    step: np.float32


def pack(numbers: Bytes, scale: Floats, start: Floats) -> Table:
    """The 6-bit `numbers`, [tokens, 512], as a Table."""
    offsets = numbers.min(axis=1)
    left = numbers - offsets[:, None]
    rows = np.flatnonzero(left.max(axis=1) > 15)
    wide = np.zeros(len(numbers), dtype=np.int32)
    wide[rows] = np.arange(1, len(rows) + 1)
    quarter, half = numbers.shape[1] // 4, numbers.shape[1] // 2
    four, two = left & 15, left[rows] >> 4
    high = np.zeros((len(rows) + 1, quarter), dtype=np.uint8)
    for k in range(4):
        high[1:] |= two[:, k * quarter : (k + 1) * quarter] << 2 * k
    return Table(four[:, :half] | four[:, half:] << 4, high, wide, offsets, scale, start)


def quantised(matrix: Floats) -> Matrix:
    """`matrix` as int8 times one step.

    Raises ValueError when its numbers are not on such a grid, for then bits would be lost.
    """
    levels = np.unique(matrix.astype(np.float64))
    step = np.diff(levels).min()
    for _ in range(3):  # least squares: the smallest difference alone is off by its own rounding
        counts = np.round(levels / step)
        step = (levels @ counts) / (counts @ counts)
    values = np.round(matrix / step)
    if np.abs(values).max() > 127 or not np.array_equal(values.astype(np.float32) * np.float32(step), matrix):
        raise ValueError("the matrix is not int8 times one step")
    return Matrix(values.astype(np.int8), np.float32(step))


@dataclass(frozen=True)
class Weights:
    """All of the encoder: the table, the quantised matrices and the vectors by the package's names."""

    table: Table
    matrices: dict[str, Matrix]
    vectors: dict[str, Floats]
    epsilon: float


def read(path: Path) -> Weights:
    """The weights in the package's `weights.npz`; raises ValueError, KeyError or OSError on another file."""
    with np.load(path, allow_pickle=False) as stored:
        arrays: dict[str, npt.NDArray[Any]] = {name: stored[name] for name in stored.files}
    chunks = [arrays.pop(f"q{k + 1}") for k in range(CHUNKS)]
    numbers = np.stack(chunks, axis=1).reshape(-1, chunks[0].shape[1])
    table = pack(numbers, arrays.pop("scale"), arrays.pop("lo"))
    epsilon = float(arrays.pop("eps"))
    matrices = {name: quantised(array) for name, array in arrays.items() if array.ndim == 2}
    vectors = {name: array for name, array in arrays.items() if array.ndim == 1}
    return Weights(table, matrices, vectors, epsilon)
