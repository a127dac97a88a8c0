"""The Parquet shards of a dataset: written in a seeded random order, read back in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from model_build.assign import Parts, scatter
from model_build.clean import GROUP, GROUP_KEY, LANGUAGE, ROW, SHARD_BYTES, SHARD_ROWS, TEXT_KEY, TIME
from model_build.dataset import FIELD, LABEL, SPLITS, Batch, Dataset, Split
from model_build.history import History, open_history

FOLD: Final = "fold"
MOST_SHARDS: Final = 256
"""Files open at once while writing."""

_SHARD_SEED, _ORDER_SEED = 11, 12


class SplitWriter:
    """Spreads rows over the shards of their part by a hash of their number.

    Whatever the order of the CSV, each shard is then a random sample of its part; shuffling within a
    shard when reading makes the whole order random, and no more than a shard is ever in memory.
    """

    def __init__(
        self, folder: Path, classes: Mapping[str, list[str]], *, rows: int, size: int, seed: int
    ) -> None:
        self.folder, self.classes, self.seed = folder, classes, seed
        self.shards = max(1, min(MOST_SHARDS, max(-(-rows // SHARD_ROWS), -(-size // SHARD_BYTES))))
        self._writers: dict[tuple[int, int], pq.ParquetWriter] = {}
        self._counts = {
            part: {head: np.zeros(len(names), dtype=np.int64) for head, names in classes.items()}
            for part in SPLITS
        }
        for part in SPLITS:
            (folder / part).mkdir(parents=True, exist_ok=True)
            for old in (folder / part).glob("*.parquet"):
                old.unlink()

    def write(self, table: pa.Table, rows: npt.NDArray[np.int64], parts: Parts) -> None:
        """Write each row of `table` to its part; parts below 0 are left out."""
        table = table.drop_columns([name for name in (TEXT_KEY, GROUP_KEY) if name in table.column_names])
        shards = (scatter(rows.astype(np.uint64), self.seed + _SHARD_SEED) % np.uint64(self.shards)).astype(
            int
        )
        for number, part in enumerate(SPLITS):
            for shard in np.unique(shards[parts == number]).tolist():
                chosen = table.take(np.flatnonzero((parts == number) & (shards == shard)))
                self._writer(number, shard, table.schema).write_table(chosen)
            for head, names in self.classes.items():
                labels = table[LABEL + head].to_numpy()[parts == number]
                self._counts[part][head] += np.bincount(labels, minlength=len(names))

    def close(self) -> dict[Split, dict[str, list[int]]]:
        """Finish every file; returns how many rows each class has in each part."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}
        return {
            part: {head: counts.tolist() for head, counts in heads.items()}
            for part, heads in self._counts.items()
        }

    def _writer(self, part: int, shard: int, schema: pa.Schema) -> pq.ParquetWriter:
        key = (part, shard)
        if key not in self._writers:
            path = self.folder / SPLITS[part] / f"part-{shard:05d}.parquet"
            self._writers[key] = pq.ParquetWriter(path, schema, compression="zstd")
        return self._writers[key]


def read_batches(dataset: Dataset, split: Split, size: int, epoch: int) -> Iterator[Batch]:
    """See Dataset.batches."""
    shards = sorted((dataset.folder / split).glob("*.parquet"))
    history = open_history(dataset, split) if dataset.has_history else None
    rng = np.random.default_rng((dataset.seed, _ORDER_SEED, epoch))
    for index in rng.permutation(len(shards)):
        table = pq.ParquetFile(shards[index]).read()
        table = table.take(rng.permutation(len(table)))
        for start in range(0, len(table), size):
            yield _batch(table.slice(start, size), dataset, history)


def _batch(table: pa.Table, dataset: Dataset, history: History | None) -> Batch:
    def listed(name: str) -> list[str | None] | None:
        return table[name].to_pylist() if name in table.column_names else None

    return Batch(
        columns={name: table[FIELD + name].to_pylist() for name in dataset.fields},
        labels={head: table[LABEL + head].to_numpy().astype(np.int64) for head in dataset.heads},
        rows=table[ROW].to_numpy(),
        folds=table[FOLD].to_numpy().astype(np.int64),
        groups=listed(GROUP),
        languages=listed(LANGUAGE),
        times=table[TIME].to_numpy() if TIME in table.column_names else None,
        history=None if history is None else history.of(table[ROW].to_numpy()),
    )
