"""Rules that assign rows to the parts of a split or to folds, from their keys alone.

A rule is learned in one or two passes over the key columns and then applied to any row, so nothing is
held for each row: hashing where there are many keys, exact counting where there are few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Parts = npt.NDArray[np.int8]
Counts = npt.NDArray[np.int64]

EXACT_CLASS_ROWS: Final = 20_000
"""Classes up to this size are cut exactly at their share, larger ones at the expected place."""
EXACT_GROUPS: Final = 20_000
"""Up to this many groups are balanced one by one, more are hashed."""
TIME_BINS: Final = 1 << 20

_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


class Keys(NamedTuple):
    """What a rule may look at, one entry a row: hashes of the text and of the group, the time in
    milliseconds, the class of the deciding head. Without a column its array is empty."""

    text: npt.NDArray[np.uint64]
    group: npt.NDArray[np.uint64]
    time: npt.NDArray[np.int64]
    label: npt.NDArray[np.int32]
    row: npt.NDArray[np.int64]

    def where(self, chosen: npt.NDArray[np.bool_]) -> Keys:
        """The keys of the chosen rows."""
        return Keys(
            self.text[chosen],
            self.group[chosen] if len(self.group) else self.group,
            self.time[chosen] if len(self.time) else self.time,
            self.label[chosen],
            self.row[chosen],
        )


Read = Callable[[], Iterable[Keys]]


class Rule(Protocol):
    """Assigns rows to parts 0, 1, …"""

    def parts(self, keys: Keys) -> Parts:
        """The part of each row."""


def scatter(keys: npt.NDArray[np.uint64], seed: int) -> npt.NDArray[np.uint64]:
    """Another uniform 64-bit number for each key and seed (the finaliser of SplitMix64)."""
    x = keys + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64)
    x = (x ^ (x >> np.uint64(30))) * _MULTIPLIERS[0]
    x = (x ^ (x >> np.uint64(27))) * _MULTIPLIERS[1]
    return x ^ (x >> np.uint64(31))


class TimeRule(NamedTuple):
    """Earlier rows to earlier parts; rows of one moment stay together."""

    cuts: npt.NDArray[np.int64]

    def parts(self, keys: Keys) -> Parts:
        return np.searchsorted(self.cuts, keys.time, side="right").astype(np.int8)

    def before_a_cut(self, keys: Keys, milliseconds: int) -> npt.NDArray[np.bool_]:
        """Which rows lie less than `milliseconds` before a later part."""
        cuts = np.append(self.cuts, np.iinfo(np.int64).max)
        following = cuts[np.searchsorted(self.cuts, keys.time, side="right")]
        return np.asarray(following - keys.time <= milliseconds)


def time_rule(read: Read, shares: Sequence[float]) -> TimeRule:
    """The rule whose parts hold about `shares` of the rows, to 2^-20 of the time they span."""
    spans = [(k.time.min(), k.time.max()) for k in read() if len(k.time)]
    if not spans:
        return TimeRule(np.empty(0, dtype=np.int64))
    lows, highs = zip(*spans, strict=True)
    low, high = int(min(lows)), int(max(highs)) + 1
    width = max(1, -(-(high - low) // TIME_BINS))
    counts = np.zeros((high - low) // width + 1, dtype=np.int64)
    for keys in read():
        counts += np.bincount((keys.time - low) // width, minlength=len(counts))
    reached = np.cumsum(counts)
    wanted = np.cumsum(shares)[:-1] * reached[-1]
    bins = np.searchsorted(reached, wanted - 0.5)
    return TimeRule((low + (bins + 1) * width).astype(np.int64))


class StratifiedRule(NamedTuple):
    """Each class cut at its own places of the text's hash; copies of a text stay together."""

    cuts: npt.NDArray[np.uint64]
    seed: int

    def parts(self, keys: Keys) -> Parts:
        places = scatter(keys.text, self.seed)
        parts: Parts = (places[:, None] >= self.cuts[keys.label]).sum(axis=1, dtype=np.int8)
        return parts


def stratified_rule(
    read: Read, shares: Sequence[float], class_counts: Sequence[int], seed: int
) -> StratifiedRule:
    """The rule that gives every class `shares` of its rows: exactly for small classes, as expected of a
    hash for large ones."""
    ends = np.cumsum(shares)[:-1]
    cuts = np.tile(_expected(shares), (len(class_counts), 1))
    small = np.array([count <= EXACT_CLASS_ROWS for count in class_counts])
    places, labels = [], []
    for keys in read():
        chosen = small[keys.label]
        places.append(scatter(keys.text[chosen], seed))
        labels.append(keys.label[chosen])
    if not places:
        return StratifiedRule(cuts, seed)
    place, label = np.concatenate(places), np.concatenate(labels)
    order = np.lexsort((place, label))
    place, label = place[order], label[order]
    bounds = np.searchsorted(label, np.arange(len(class_counts) + 1))
    for k in np.flatnonzero(small):
        own = place[bounds[k] : bounds[k + 1]]
        if len(own):
            ranks = np.round(ends * len(own)).astype(np.int64)
            cuts[k] = np.where(ranks < len(own), own[np.minimum(ranks, len(own) - 1)], np.uint64(2**64 - 1))
    return StratifiedRule(cuts, seed)


def _expected(shares: Sequence[float]) -> npt.NDArray[np.uint64]:
    """Where the parts end among uniform 64-bit numbers."""
    ends = np.cumsum(shares)[:-1]
    return np.array([2**64 - 1 if end >= 1 else int(end * 2.0**64) for end in ends], dtype=np.uint64)


class GroupRule(NamedTuple):
    """Whole groups to parts: `groups` (sorted) by hand, all others by their hash."""

    groups: npt.NDArray[np.uint64]
    assigned: Parts
    ends: npt.NDArray[np.uint64]
    seed: int

    def parts(self, keys: Keys) -> Parts:
        hashed = np.searchsorted(self.ends, scatter(keys.group, self.seed), side="right").astype(np.int8)
        if not len(self.groups):
            return hashed
        places = np.minimum(np.searchsorted(self.groups, keys.group), len(self.groups) - 1)
        return np.where(self.groups[places] == keys.group, self.assigned[places], hashed)


def group_rule(read: Read, shares: Sequence[float], classes: int, seed: int) -> GroupRule:
    """The rule that keeps groups whole and gives every part about its share of every class."""
    nothing = GroupRule(np.empty(0, np.uint64), np.empty(0, np.int8), _expected(shares), seed)
    places: dict[int, int] = {}
    counts = np.zeros((64, classes), dtype=np.int64)
    for keys in read():
        pairs, sizes = np.unique(
            np.stack([keys.group, keys.label.astype(np.uint64)]), axis=1, return_counts=True
        )
        for group, label, size in zip(*pairs.tolist(), sizes.tolist(), strict=True):
            place = places.setdefault(group, len(places))
            if place >= EXACT_GROUPS:
                return nothing
            if place >= len(counts):
                counts = np.concatenate([counts, np.zeros_like(counts)])
            counts[place, label] += size
    groups = np.fromiter(places, dtype=np.uint64, count=len(places))
    assigned = balance(counts[: len(groups)], shares, scatter(groups, seed))
    order = np.argsort(groups)
    return nothing._replace(groups=groups[order], assigned=assigned[order])


def balance(counts: Counts, shares: Sequence[float], order: npt.NDArray[np.uint64]) -> Parts:
    """The part of each group, [groups], so that each part comes near its share of every class.

    `counts` is [groups, classes]. The largest groups are placed first, each where its classes are
    missing most; groups of about one size are taken in the order of `order`. This is the greedy way of
    scikit-learn's StratifiedGroupKFold, for unequal shares.
    """
    totals = np.maximum(counts.sum(axis=0), 1)
    missing = np.outer(shares, totals).astype(float)
    assigned = np.zeros(len(counts), dtype=np.int8)
    magnitude = np.ceil(np.log2(np.maximum(counts.sum(axis=1), 1))).astype(np.int64)
    for group in np.lexsort((order, -magnitude)):
        held = counts[group]
        part = int(np.argmax(missing @ (held / totals)))
        assigned[group] = part
        missing[part] -= held
    return assigned
