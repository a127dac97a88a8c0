"""Whose decisions they are: one customer's are alike, so a thousand of them are not worth a thousand rows."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_SHARE: Final = 0.02
"""Of the weight of all rows, that an entity may have: under fifty of them a variance is hard to tell."""
_CELLS: Final = 2_000_000
"""Entities times bins that are counted at once: 16 MB."""


class Tally(NamedTuple):
    """The shares of the bins, and how many independent rows they are worth (`effective`)."""

    shares: Floats
    effective: float

    @property
    def counts(self) -> Floats:
        """What so many independent rows would have been counted as."""
        return self.shares * self.effective


class Entities:
    """The rows by entity; 0 is nobody, and each such row stands for itself.

    An entity counts with all its rows up to MOST_SHARE of the whole, and with weights below 1 beyond: a
    customer who sends everything for a day is news about that customer.
    """

    def __init__(self, entity: npt.NDArray[np.uint64]) -> None:
        order = np.argsort(entity, kind="stable")
        ordered = entity[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(entity) else np.zeros(0, int)
        sizes = np.diff(np.r_[starts, len(entity)])
        alone = (ordered[starts] == 0) | (sizes == 1) if len(entity) else np.zeros(0, np.bool_)
        each = np.repeat(alone, sizes)
        self.single: Ints = order[each]
        self.shared: Ints = order[~each]
        self.sizes: Ints = sizes[~alone]
        self._weight = np.minimum(1.0, _cap(self.sizes, len(self.single)) / np.maximum(self.sizes, 1))
        self._mass = self._weight * self.sizes
        self._ends = np.cumsum(self.sizes)
        self._owner = np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def count(self) -> int:
        """How many entities there are."""
        return len(self.single) + len(self.sizes)

    def weights(self, rows: int) -> Floats:
        """What each of the `rows` rows counts."""
        found = np.ones(rows)
        found[self.shared] = np.repeat(self._weight, self.sizes)
        return found

    def tally(self, codes: npt.NDArray[np.integer], bins: int) -> Tally:
        """The rows by bin; `codes` are the rows' bins, 0 to `bins` - 1.

        The variance of each share is the linearised one between entities (ultimate clusters); the effective
        size is the one that gives Pearson's statistic its expectation: (bins - 1) / sum(variance / share),
        which is the mean design effect of Rao and Scott (1981). Where all rows are in one bin nothing tells
        how alike the rows of an entity are, so they are taken to be the same.
        """
        alone = np.bincount(codes[self.single], minlength=bins).astype(np.float64)
        total, squares, cross = alone.copy(), alone.copy(), alone.copy()
        shared = codes[self.shared]
        for first, last in self._parts(bins):
            begin = self._ends[first - 1] if first else 0
            end = self._ends[last - 1]
            cells = (self._owner[begin:end] - first) * bins
            cells += shared[begin:end]
            joint = np.bincount(cells, minlength=(last - first) * bins)
            weighted = joint.reshape(last - first, bins) * self._weight[first:last, None]
            total += weighted.sum(axis=0)
            squares += (weighted**2).sum(axis=0)
            cross += self._mass[first:last] @ weighted
        whole = len(self.single) + float(self._mass.sum())
        if not whole:
            return Tally(np.zeros(bins), 0.0)
        kish = len(self.single) + float((self._mass**2).sum())
        shares = total / whole
        spread = np.maximum(squares - 2 * shares * cross + shares**2 * kish, 0.0) / whole**2
        return Tally(shares, self._effective(shares, spread, whole**2 / kish, len(codes)))

    def _effective(self, shares: Floats, spread: Floats, least: float, rows: int) -> float:
        seen = shares > 0
        apart = float((spread[seen] / shares[seen]).sum()) * self.count / max(self.count - 1, 1)
        if int(seen.sum()) < 2 or apart <= 0.0:
            return least
        return float(min((int(seen.sum()) - 1) / apart, rows))

    def _parts(self, bins: int) -> list[tuple[int, int]]:
        step = max(1, _CELLS // bins)
        return [(k, min(k + step, len(self.sizes))) for k in range(0, len(self.sizes), step)]


def _cap(sizes: Ints, singles: int) -> float:
    """The weight at which no entity has more than MOST_SHARE of all; the smallest entity's when there are
    too few for that."""
    if not len(sizes):
        return 1.0
    if singles + len(sizes) <= 1 / MOST_SHARE:
        return float(sizes.min()) if not singles else 1.0
    cap = float(sizes.max())
    for _ in range(100):
        lower = MOST_SHARE * (singles + float(np.minimum(sizes, cap).sum()))
        if lower >= cap * (1 - 1e-9):
            break
        cap = max(lower, 1.0)
    return cap
