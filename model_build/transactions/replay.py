"""History as training sees it: every event in the order of time through the very fold that serves.

A label reaches the terminal's risk, and the risk of its category, only once it is known: the label delay
after its event. Rows are read in windows of time, so memory does not grow with the data but by a few bytes a
row; the profiles of the cards are all in memory.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from lambdas.transactions.event import Event, hash_of
from lambdas.transactions.features import CATEGORY_RISK, FEATURE_NAMES, matrix
from lambdas.transactions.profile import NEW, Profile, observe
from lambdas.transactions.terminals import PRIOR_RATE, Terminal, label
from model_build.clean import ROW, TIME, Cleaned
from model_build.dataset import FIELD, LABEL, Dataset
from model_build.history import HISTORY, paths
from model_build.service import Progress, quiet

HEAD: Final = "fraud"
WINDOW: Final = 200_000
"""Rows in memory at once."""
CATEGORY_ROWS: Final = 100.0
"""A category's risk starts as if so many of its labels had been known, at the rate of all."""
RISKS: Final = "category-risk.json"

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


class Known(NamedTuple):
    """A transaction whose label is on its way."""

    at: float
    merchant: str | None
    category: str | None
    fraud: bool


class Replay:
    """The state of the fold over all cards, terminals and categories, as far as it has been told."""

    def __init__(self, delay_seconds: float) -> None:
        self.delay = delay_seconds
        self._profiles: dict[str, Profile] = {}
        self._terminals: dict[str, Terminal] = {}
        self._categories: dict[str | None, tuple[int, int]] = {}
        self._labels = self._frauds = 0
        self._coming: deque[Known] = deque()

    def see(self, card: str, event: Event, known: Known) -> tuple[tuple[float, ...], float]:
        """The features of `event`, and the risk of its category at that time; events come in the order of
        time. `known` is what will be known of it."""
        self._learn(event.at)
        terminal = None if known.merchant is None else self._terminals.get(known.merchant)
        features, self._profiles[card] = observe(self._profiles.get(card, NEW), event, terminal)
        self._coming.append(known)
        return features, self._risk(known.category)

    def _learn(self, now: float) -> None:
        """Tell the terminals and categories of the labels that are known by `now`."""
        coming = self._coming
        while coming and coming[0].at + self.delay <= now:
            known = coming.popleft()
            if known.merchant is not None:
                before = self._terminals.get(known.merchant, Terminal())
                self._terminals[known.merchant] = label(before, known.at, known.fraud)
            labels, frauds = self._categories.get(known.category, (0, 0))
            self._categories[known.category] = (labels + 1, frauds + known.fraud)
            self._labels += 1
            self._frauds += known.fraud

    def _risk(self, category: str | None) -> float:
        labels, frauds = self._categories.get(category, (0, 0))
        rate = (self._frauds + PRIOR_RATE * 1_000) / (self._labels + 1_000)
        return (frauds + rate * CATEGORY_ROWS) / (labels + CATEGORY_ROWS)


def replay(cleaned: Cleaned, test: Cleaned | None, dataset: Dataset, progress: Progress = quiet) -> None:
    """Write the features of every row of the cleaned file, and of the separate test file, if there is one.

    Rows of the train split carry the risk of their category as it was known then; all others the risk that
    the train split taught, as serving will.
    """
    folder = dataset.folder.parent / HISTORY
    files = [_File("train", cleaned), *([_File("test", test)] if test else [])]
    outs = [file.open_out(folder) for file in files]
    yes = dataset.classes[HEAD].index(HEAD)
    times = np.concatenate([file.times for file in files])
    owner = np.repeat(np.arange(len(files)), [len(file.times) for file in files])
    place = np.concatenate([np.arange(len(file.times)) for file in files])
    order = np.lexsort((place, owner, times))
    state = Replay(dataset.label_delay_ms / 1000)
    for start in range(0, len(order), WINDOW):
        chosen = order[start : start + WINDOW]
        _window(files, outs, owner[chosen], place[chosen], state, yes)
        progress(start + len(chosen), len(order) * 2)
    _settle(files, outs, dataset, folder, progress)


def _window(files: list[_File], outs: list[Any], owner: Ints, place: Ints, state: Replay, yes: int) -> None:
    """Replay the rows at `place` of their files, in this order."""
    columns = [file.read(place[owner == number]) for number, file in enumerate(files)]
    cursor = [0] * len(files)
    block = np.empty((len(owner), len(FEATURE_NAMES)), dtype=np.float32)
    for k, number in enumerate(owner.tolist()):
        row = columns[number][cursor[number]]
        cursor[number] += 1
        known = Known(row.event.at, row.merchant, row.category, row.label == yes)
        features, risk = state.see(row.card, row.event, known)
        block[k] = features
        if row.category is not None:
            block[k, CATEGORY_RISK] = risk
    for number, out in enumerate(outs):
        mine = owner == number
        out[place[mine]] = block[mine]


def _settle(files: list[_File], outs: list[Any], dataset: Dataset, folder: Path, progress: Progress) -> None:
    """Learn the risks from the train split, and give them to the rows outside of it."""
    rows, labels, categories = _train_rows(dataset)
    risks = risks_of(categories, labels)
    (folder / RISKS).write_bytes(msgspec.json.encode(risks))
    trained = np.sort(rows)
    for number, (file, out) in enumerate(zip(files, outs, strict=True)):
        done = 0
        for names, numbers in file.categories():
            here = slice(done, done + len(numbers))
            done += len(numbers)
            filled = matrix(out[here], names, risks)[:, CATEGORY_RISK]
            if number == 0 and len(trained):
                at = np.minimum(np.searchsorted(trained, numbers), len(trained) - 1)
                inside = trained[at] == numbers
                filled = np.where(inside, out[here, CATEGORY_RISK], filled)
            out[here, CATEGORY_RISK] = filled
        out.flush()
    total = sum(len(file.times) for file in files)
    progress(total * 2, total * 2)


def risks_of(categories: list[str | None], fraud: npt.NDArray[np.bool_]) -> dict[str, float]:
    """The share of fraud by category, drawn to that of all (""), from the rows of the train split."""
    rate = float(fraud.mean()) if len(fraud) else PRIOR_RATE
    names, codes = np.unique(np.array([name or "" for name in categories]), return_inverse=True)
    counts, frauds = np.bincount(codes), np.bincount(codes, weights=fraud)
    found = (frauds + rate * CATEGORY_ROWS) / (counts + CATEGORY_ROWS)
    return {**dict(zip(names.tolist(), found.round(9).tolist(), strict=True)), "": round(rate, 9)}


def read_risks(dataset: Dataset) -> dict[str, float]:
    """What `replay` learned."""
    path = dataset.folder.parent / HISTORY / RISKS
    return msgspec.json.decode(path.read_bytes(), type=dict[str, float])


def _train_rows(dataset: Dataset) -> tuple[Ints, npt.NDArray[np.bool_], list[str | None]]:
    """The numbers, labels and categories of the train split."""
    rows: list[Ints] = []
    frauds: list[npt.NDArray[np.bool_]] = []
    categories: list[str | None] = []
    wanted = [ROW, LABEL + HEAD, *([FIELD + "category"] if "category" in dataset.fields else [])]
    yes = dataset.classes[HEAD].index(HEAD)
    for path in sorted((dataset.folder / "train").glob("*.parquet")):
        table = pq.ParquetFile(path).read(wanted)
        rows.append(table[ROW].to_numpy())
        frauds.append(table[LABEL + HEAD].to_numpy() == yes)
        categories += _texts(table, "category")
    return np.concatenate(rows), np.concatenate(frauds), categories


@dataclass(frozen=True)
class _Row:
    card: str
    merchant: str | None
    category: str | None
    event: Event
    label: int


class _File:
    """A cleaned file: where its rows lie, and when they were."""

    def __init__(self, name: str, cleaned: Cleaned) -> None:
        self.name, self.cleaned = name, cleaned
        parts = [self._table(shard, [ROW, TIME]) for shard in cleaned.shards]
        self.rows = np.concatenate([part[ROW].to_numpy() for part in parts])
        self.times = np.concatenate([part[TIME].to_numpy() for part in parts])
        self.starts = np.cumsum([0, *(len(part) for part in parts)])

    def open_out(self, folder: Path) -> Any:
        """The matrix on disk that the features go to."""
        rows, features = paths(folder, self.name)
        np.save(rows, self.rows)
        shape = (len(self.rows), len(FEATURE_NAMES))
        return np.lib.format.open_memmap(features, mode="w+", dtype=np.float32, shape=shape)

    def read(self, places: Ints) -> list[_Row]:
        """The rows at `places`, in their order."""
        found: list[Any] = [None] * len(places)
        shards = np.searchsorted(self.starts, places, side="right") - 1
        for shard in np.unique(shards).tolist():
            mine = np.flatnonzero(shards == shard)
            table = self._table(self.cleaned.shards[shard]).take(places[mine] - self.starts[shard])
            for k, row in zip(mine.tolist(), _rows(table, self.name), strict=True):
                found[k] = row
        return found

    def categories(self) -> Any:
        """The categories and numbers of all rows, a shard at a time."""
        for shard in self.cleaned.shards:
            has = "category" in self.cleaned.fields
            table = self._table(shard, [ROW, *([FIELD + "category"] if has else [])])
            yield _texts(table, "category"), table[ROW].to_numpy()

    def _table(self, shard: str, columns: list[str] | None = None) -> pa.Table:
        return pq.ParquetFile(self.cleaned.folder / shard).read(columns)


def _rows(table: pa.Table, file: str) -> list[_Row]:
    """The rows of `table` as events."""
    merchants, categories = _texts(table, "merchant_id"), _texts(table, "category")
    places = _pairs(table, "latitude", "longitude")
    homes = _pairs(table, "home_latitude", "home_longitude")
    hashes = {name: hash_of(name) for name in {*merchants, *categories}}
    own = _texts(table, "transaction_id")
    return [
        _Row(
            card or "",
            merchant,
            category,
            Event(
                hash_of(f"{file} {number}" if identifier is None else identifier),
                at / 1000,
                float(amount or 0.0),
                hashes[merchant],
                hashes[category],
                place,
                home,
            ),
            said,
        )
        for card, merchant, category, amount, at, number, identifier, place, home, said in zip(
            _texts(table, "card_id"),
            merchants,
            categories,
            _texts(table, "amount"),
            table[TIME].to_pylist(),
            table[ROW].to_pylist(),
            own,
            places,
            homes,
            table[LABEL + HEAD].to_pylist(),
            strict=True,
        )
    ]


def _texts(table: pa.Table, name: str) -> list[str | None]:
    if FIELD + name not in table.column_names:
        return [None] * len(table)
    found: list[str | None] = table[FIELD + name].to_pylist()
    return [value or None for value in found]


def _pairs(table: pa.Table, first: str, second: str) -> list[tuple[float, float] | None]:
    return [
        None if one is None or other is None else (float(one), float(other))
        for one, other in zip(_texts(table, first), _texts(table, second), strict=True)
    ]
