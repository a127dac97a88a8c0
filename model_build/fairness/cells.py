"""Rows counted by group, and bootstrap replicates of those counts in which a row keeps all its groups.

Rows that are in the same groups and have the same code are alike for every figure here, so drawing n rows
with replacement is one multinomial draw over such cells (as in `model_build.intervals`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from model_build.intervals import RESAMPLES

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

RIGHT_NO, FALSE_ALARM, MISSED, RIGHT_YES = 0, 1, 2, 3
"""The code of a row: 2 when it is true, plus 1 when it was chosen."""
CODES: Final = 4


def codes_of(truth: Bools, chosen: Bools) -> Ints:
    """The code of each row, [rows]."""
    codes: Ints = 2 * truth.astype(np.int64) + chosen
    return codes


class Cells:
    """The counts of `codes`, [rows] below `kinds`, in the groups of `member`, [rows, groups]."""

    def __init__(self, member: Bools, codes: Ints, kinds: int = CODES) -> None:
        packed = np.packbits(member, axis=1)
        keyed = np.column_stack([packed, codes[:, None].astype(np.uint8)])
        unique, index, counts = np.unique(keyed, axis=0, return_index=True, return_counts=True)
        self._counts = counts.astype(np.int64)
        self._groups = member.shape[1]
        self._kinds = kinds
        self._spread = np.zeros((len(unique), self._groups, kinds))
        places = codes[index]
        for cell, row in enumerate(index.tolist()):
            self._spread[cell, member[row], places[cell]] = 1.0

    @property
    def counts(self) -> Ints:
        """[groups, kinds]."""
        whole: Ints = self._summed(self._counts[None, :])[0]
        return whole

    def resampled(self, *, seed: int, resamples: int = RESAMPLES) -> Ints:
        """Bootstrap replicates of `counts`, [resamples, groups, kinds]."""
        total = int(self._counts.sum())
        rng = np.random.default_rng(seed)
        return self._summed(rng.multinomial(total, self._counts / max(total, 1), size=resamples))

    def _summed(self, drawn: npt.NDArray[np.int64]) -> Ints:
        flat = self._spread.reshape(len(self._counts), self._groups * self._kinds)
        summed = np.rint(drawn @ flat).astype(np.int64)
        return summed.reshape(len(drawn), self._groups, self._kinds)
