"""How a feature is distributed in training, and what of that is not for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.drift.bins import of_distribution
from lambdas.drift.entities import Entities
from lambdas.drift.limits import Limits
from lambdas.drift.reference import Distribution
from lambdas.drift.statistics.effects import stability_index
from model_build.dataset import Batch, Dataset, Split

FEW_VALUES: Final = 12
"""A feature with no more different values is counted value by value, others in tenths."""
OWNERS: Final = ("card_id", "customer_id", "author_id")
"""Fields that say whose a row is, where the data has no groups."""
CLEAR: Final = 2e-6
"""Neighbouring values so far apart, as a share of the greater, stay apart when an observation rounds them."""
NEAR: Final = 20
"""An edge moves by a twentieth of the rows at most to come between values that are CLEAR."""
DAY_MS: Final = 86_400_000
DAYS: Final = 8
"""So many days with ROWS_A_DAY rows show whether a feature follows the calendar."""
ROWS_A_DAY: Final = 10

Floats = npt.NDArray[np.floating[Any]]


def distribution(numbers: Floats) -> Distribution:
    """How `numbers`, [n] with NaN for missing, are distributed."""
    known = numbers[~np.isnan(numbers)].astype(np.float64)
    missing = _rounded(1 - len(known) / len(numbers)) if len(numbers) else 1.0
    if not len(known):
        return Distribution(missing, 0.0, 0.0, 0.0, 0.0, [])
    mean, std = _rounded(known.mean()), _rounded(known.std())
    least, most = _rounded(known.min()), _rounded(known.max())
    values, counts = np.unique(known, return_counts=True)
    if len(values) <= FEW_VALUES:
        listed = [_rounded(value) for value in values]
        return Distribution(missing, mean, std, least, most, counts.tolist(), values=listed)
    edges = _edges(values, counts)
    counted = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return Distribution(missing, mean, std, least, most, counted.tolist(), edges=edges.tolist())


def _edges(values: Floats, counts: npt.NDArray[np.integer[Any]]) -> Floats:
    """At most nine rising edges that come nearest to tenths of the rows, of `counts` at the rising `values`.

    Each is midway between two neighbouring values, never on one: what happens today was rounded on its way,
    and the logarithm of a count would else fall on the other side of the edge than it did in training.
    """
    low, high = values[:-1], values[1:]
    under, rows = np.cumsum(counts)[:-1], int(counts.sum())
    clear = np.flatnonzero(high - low > CLEAR * np.maximum(np.abs(low), np.abs(high)))
    chosen = set()
    for tenth in range(1, 10):
        off = np.abs(10 * under - tenth * rows)
        best = clear[off[clear].argmin()] if len(clear) else off.argmin()
        # Values as dense as a clock's have hardly a clear gap; there few rows are near any edge.
        chosen.add(int(best if NEAR * (off[best] - off.min()) <= 10 * rows else off.argmin()))
    places = sorted(chosen)
    middles = low[places] + (high[places] - low[places]) / 2
    return np.unique([float(f"{middle:.9g}") for middle in middles])


def worth(found: Distribution, numbers: Floats, owners: Sequence[str | None], rows: int) -> Distribution:
    """`found`, the distribution of `numbers` [rows], with how many independent rows it is worth.

    `owners` says whose each row is; empty where nobody knows.
    """
    bins = of_distribution(found, rows)
    if bins is None or len(owners) != rows:
        return found
    _, codes = np.unique(np.array([owner or "" for owner in owners]), return_inverse=True)
    owned = np.where([bool(owner) for owner in owners], codes + 1, 0).astype(np.uint64)
    independent = Entities(owned).tally(bins.codes(numbers), len(bins.names)).effective
    return (
        msgspec.structs.replace(found, effective=max(1, round(independent))) if independent < rows else found
    )


def calendar(names: Sequence[str], features: Floats, times: npt.NDArray[np.int64]) -> list[str]:
    """The features that the date alone decides, as a weekend does: one value a day, but not one for all days.

    A night of decisions looks nothing like their distribution, and should not. `times` are in ms, UTC.
    """
    _, day, rows = np.unique(times // DAY_MS, return_inverse=True, return_counts=True)
    enough = np.flatnonzero(rows >= ROWS_A_DAY)
    if len(enough) < DAYS or len(times) != len(features):
        return []
    found = []
    for place, name in enumerate(names):
        column = features[:, place].astype(np.float64)
        if np.isnan(column).any():
            continue
        low, high = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
        np.minimum.at(low, day, column)
        np.maximum.at(high, day, column)
        low, high = low[enough], high[enough]
        if np.array_equal(low, high) and low.min() < low.max():
            found.append(name)
    return found


def moving(found: Mapping[str, Distribution], newest: Mapping[str, Floats], rows: int) -> list[str]:
    """The features that are off in the newest rows of the training data already, as the age of a card is.

    In production they move on, so they are compared with their own past there.
    """
    limit, moved = Limits().psi_past, []
    for name, numbers in newest.items():
        bins = of_distribution(found[name], rows)
        if bins is None:
            continue
        counts = np.bincount(bins.codes(numbers), minlength=len(bins.names)).astype(np.float64)
        if stability_index(bins.counts, counts) >= limit:
            moved.append(name)
    return moved


def owners_of(batch: Batch) -> list[str | None]:
    """Whose each row is: its group, or the first of OWNERS that the data has; empty where it says neither."""
    if batch.groups is not None:
        return batch.groups
    return next((batch.columns[name] for name in OWNERS if name in batch.columns), [])


def first_rows(dataset: Dataset, split: Split, rows: int) -> Iterator[Batch]:
    """The first `rows` of a split; their order is random."""
    seen = 0
    for batch in dataset.batches(split):
        if seen >= rows:
            return
        yield batch.first(rows - seen)
        seen += len(batch)


def _rounded(value: float) -> float:
    return round(float(value), 6)
