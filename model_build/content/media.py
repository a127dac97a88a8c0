"""The files of a CSV of posts: looked at once, and what was seen given to each row as numbers.

The numbers of a row, in the columns of `Batch.history`: the image's signals [policies], the sound's signals
[policies], the image's features, the sound's features; NaN without such a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from lambdas.content.errors import Refused, Unreadable
from lambdas.content.policies import POLICIES
from model_build.clean import ROW, Cleaned
from model_build.content.adapters import TEXTS, open_adapter, recipe
from model_build.content.networks import weights_of
from model_build.content.parameters import Networks
from model_build.content.records import Looked, Record, Records, looked_in, sha256_of_path
from model_build.dataset import FIELD, Batch, Dataset
from model_build.examine import Derived, Layout
from model_build.history import HISTORY, paths
from model_build.service import Progress

KINDS: Final = ("image", "audio")
WIDTHS: Final = "widths.json"
Floats = npt.NDArray[np.float32]


class Widths(msgspec.Struct, frozen=True):
    """How many features an image and a sound have; 0 where the data has none."""

    image: int = 0
    audio: int = 0


class Seen(NamedTuple):
    """One kind of media of some rows: signals [rows, policies] and features [rows, D], NaN without a file."""

    signals: Floats
    features: Floats


class Place(NamedTuple):
    """Where what is known of files is kept, and below which folder the converted models are."""

    records: Path
    build: Path


def look(
    files: Mapping[str, Sequence[Path]],
    layout: Layout,
    words: Mapping[str, bool],
    networks: Networks,
    place: Place,
    progress: Progress,
) -> list[Derived]:
    """Look at every file that is not known yet; returns the texts that no column of the CSV gives.

    `words` says of which kinds what is written or said is wanted. A damaged file is passed over: what
    becomes of its row was decided when the CSV was validated.
    """
    recipes: dict[str, str] = {}
    derived: list[Derived] = []
    done, total = 0, sum(map(len, files.values()))
    for kind in KINDS:
        if kind not in files:
            continue
        wanted = words[kind] and TEXTS[kind] not in layout.columns.extra
        weights = weights_of(kind, networks, place.build)
        recipes[kind] = recipe(kind, weights.folders, words=wanted)
        records, adapter = Records(place.records, kind, recipes[kind]), None
        for path in files[kind]:
            digest = sha256_of_path(str(path))
            if records.get(digest) is None:
                adapter = adapter or open_adapter(kind, weights.folders, weights.settings, words=wanted)
                with suppress(Refused, Unreadable):  # told of when the CSV was validated
                    records.put(digest, adapter.read(path.read_bytes()))
            done += 1
            progress(done, total)
        if wanted:
            derived.append(Derived(TEXTS[kind], kind, _Words(records)))
    Looked(recipes).save(place.records)
    return derived


class _Words:
    """The words that were found in a file."""

    def __init__(self, records: Records) -> None:
        self.records = records

    def __call__(self, path: str) -> str | None:
        record = self.records.get(sha256_of_path(path))
        return record.text.strip() or None if record is not None else None


def write_numbers(
    cleaned: Cleaned, test: Cleaned | None, dataset: Dataset, folder: Path, progress: Progress
) -> None:
    """Write every row's numbers where `Batch.history` comes from."""
    recipes = looked_in(folder).recipes
    records = {kind: Records(folder, kind, made) for kind, made in recipes.items()}
    target = dataset.folder.parent / HISTORY
    sources = {"train": cleaned} | ({"test": test} if test is not None else {})
    known = {name: _records(source, records) for name, source in sources.items()}
    widths = _widths(known)
    (target / WIDTHS).write_bytes(msgspec.json.encode(widths))
    for number, (name, (rows, found)) in enumerate(known.items(), start=1):
        order = np.argsort(rows, kind="stable")
        made = np.concatenate(
            [
                *(_signals(found.get(kind), len(rows)) for kind in KINDS),
                *(_features(found.get(kind), len(rows), getattr(widths, kind)) for kind in KINDS),
            ],
            axis=1,
        )
        numbers_file, features_file = paths(target, name)
        np.save(numbers_file, rows[order])
        np.save(features_file, made[order])
        progress(number, len(known))


def widths_of(dataset: Dataset) -> Widths:
    """The widths of the dataset's media; nothing where it has none."""
    return widths_in(dataset.folder.parent) if dataset.has_history else Widths()


def widths_in(work: Path) -> Widths:
    """The same from the folder that stages leave their results in."""
    path = work / HISTORY / WIDTHS
    if not path.is_file():
        return Widths()
    return msgspec.json.decode(path.read_bytes(), type=Widths)


def seen_in(batch: Batch, widths: Widths) -> dict[str, Seen]:
    """What was seen in the media of the rows of `batch`, by kind; only the kinds that the data has."""
    if batch.history is None:
        return {}
    size, found = len(POLICIES), {}
    start = 2 * size
    for k, kind in enumerate(KINDS):
        width = getattr(widths, kind)
        if width:
            signals = batch.history[:, k * size : (k + 1) * size]
            found[kind] = Seen(signals, batch.history[:, start : start + width])
        start += width
    return found


Known = dict[str, list[Record | None]]


def _records(cleaned: Cleaned, records: Mapping[str, Records]) -> tuple[npt.NDArray[np.int64], Known]:
    """The rows of a cleaned file, and the records of each kind, None where a row has no such file."""
    rows, found = [], {kind: list[Record | None]() for kind in records}
    for name in cleaned.shards:
        columns = [ROW, *(FIELD + kind for kind in records)]
        table = pq.ParquetFile(cleaned.folder / name).read(columns)
        rows.append(table[ROW].to_numpy())
        for kind, own in records.items():
            named: list[Any] = table[FIELD + kind].to_pylist()
            found[kind] += [None if path is None else own.get(sha256_of_path(path)) for path in named]
    return np.concatenate(rows), found


def _widths(known: Mapping[str, tuple[npt.NDArray[np.int64], Known]]) -> Widths:
    found = {}
    for kind in KINDS:
        every = (record for _, records in known.values() for record in records.get(kind, ()) if record)
        first = next(every, None)
        found[kind] = 0 if first is None else len(first.arrays()[1])
    return Widths(**found)


def _signals(records: list[Record | None] | None, rows: int) -> Floats:
    made = np.full((rows, len(POLICIES)), np.nan, dtype=np.float32)
    for k, record in enumerate(records or ()):
        if record is not None:
            made[k] = record.arrays()[0]
    return made


def _features(records: list[Record | None] | None, rows: int, width: int) -> Floats:
    made = np.full((rows, width), np.nan, dtype=np.float32)
    for k, record in enumerate(records or ()):
        if record is not None and width:
            made[k] = record.arrays()[1]
    return made
