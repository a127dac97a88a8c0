"""Texts that occur more than once: how many, with contradictory labels, and on both sides of a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from model_build.findings import NAMED_ROWS, Finding

KEYS_AT_ONCE: Final = 8_000_000
"""Keys held in memory together; more rows are looked at in several passes over the key column."""

Keys = npt.NDArray[np.uint64]
Column = npt.NDArray[Any]
KeyedRows = Iterable[tuple[Keys, npt.NDArray[np.int32], npt.NDArray[np.int64]]]


class Owners(NamedTuple):
    """For keys found in more than one part of a split, the part that keeps them; `keys` are sorted."""

    keys: Keys
    parts: npt.NDArray[np.int8]

    def elsewhere(self, keys: Keys, parts: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
        """Which of the rows with these `keys` lie in another part than the one that keeps them."""
        if not len(self.keys):
            return np.zeros(len(keys), dtype=bool)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        found: npt.NDArray[np.bool_] = (self.keys[places] == keys) & (self.parts[places] != parts)
        return found


def find_duplicates(read: Callable[[], KeyedRows], rows: int, noun: str = "text") -> list[Finding]:
    """What there is to say about texts that occur more than once. `read` starts a pass over
    (text key, class, row)."""
    distinct = copies = contradictory_rows = contradictory_texts = 0
    first: list[int] = []
    for part in _partitions(read, rows):
        order = np.lexsort((part[2], part[0]))
        keys, labels, numbers = (column[order] for column in part)
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
        sizes = np.diff(np.r_[starts, len(keys)])
        distinct += len(starts)
        copies += len(keys) - len(starts)
        differ = np.minimum.reduceat(labels, starts) != np.maximum.reduceat(labels, starts)
        contradictory_texts += int(differ.sum())
        contradictory_rows += int(sizes[differ].sum())
        first += np.sort(numbers[np.repeat(differ, sizes)])[:NAMED_ROWS].tolist()
    findings = []
    if distinct == 1 and rows > 1:
        return [
            Finding(
                code="one-text",
                severity="error",
                message=f"all {rows:,} rows have the same {noun}",
                advice=f"Check the columns of the {noun}",
            )
        ]
    if copies:
        findings.append(
            Finding(
                code="duplicates",
                severity="note",
                message=f"{copies:,} rows repeat the {noun} of another row ({distinct:,} different {noun}s); "
                "copies stay on one side of the split",
                count=copies,
            )
        )
    if contradictory_texts:
        findings.append(_contradictory(noun, contradictory_texts, contradictory_rows, first))
    return findings


def straddling(read: Callable[[], Iterable[tuple[Keys, npt.NDArray[np.int8]]]], rows: int) -> Owners:
    """The keys that lie in more than one part, and the first part that has them (-1 is no part).
    `read` starts a pass over (key, part)."""
    found: list[tuple[Keys, npt.NDArray[np.int8]]] = []
    for columns in _partitions(read, rows):
        inside = columns[1] >= 0
        if not inside.any():
            continue
        keys, parts = (column[inside] for column in columns)
        order = np.lexsort((parts, keys))
        keys, parts = keys[order], parts[order]
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
        ends = np.r_[starts[1:], len(keys)] - 1
        both = parts[starts] != parts[ends]
        found.append((keys[starts[both]], parts[starts[both]]))
    if not found:
        return Owners(np.empty(0, np.uint64), np.empty(0, np.int8))
    all_keys, all_parts = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(all_keys)
    return Owners(all_keys[order], all_parts[order])


def _partitions(read: Callable[[], Iterable[tuple[Column, ...]]], rows: int) -> Iterator[tuple[Column, ...]]:
    """All rows of a share of the keys together, share after share."""
    passes = -(-rows // KEYS_AT_ONCE)
    for number in range(passes):
        pieces = [
            columns if passes == 1 else tuple(column[columns[0] % passes == number] for column in columns)
            for columns in read()
        ]
        yield tuple(np.concatenate(column) for column in zip(*pieces, strict=True))


def _contradictory(noun: str, texts: int, rows: int, first: list[int]) -> Finding:
    return Finding(
        code="contradictory",
        severity="warning",
        message=f"{texts:,} {noun}{'s' if texts > 1 else ''} with more than one label ({rows:,} rows)",
        advice="No model gets all of them right: decide on one label each",
        rows=sorted(first)[:NAMED_ROWS],
        count=rows,
    )
