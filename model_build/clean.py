"""The second stage: the usable rows, tidied, in Parquet shards with the keys that splitting needs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from model_build.csv_source import open_csv
from model_build.dataset import FIELD, LABEL
from model_build.duplicates import find_duplicates
from model_build.errors import DataValidationError
from model_build.examine import Examined, Examiner, Layout
from model_build.findings import Finding
from model_build.service import Progress, quiet
from model_build.validate import ValidationReport

SHARD_ROWS: Final = 65_536
SHARD_BYTES: Final = 32 << 20

TEXT_KEY, GROUP_KEY, TIME, ROW, GROUP, LANGUAGE = "text_key", "group_key", "time", "row", "group", "language"


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """The cleaned rows in `folder`; `classes` and the label codes in the shards belong together.

    `dropped` counts by reason every row of the file that is not here.
    """

    folder: Path
    source: str
    sha256: str
    source_rows: int
    rows: int
    bytes: int
    shards: list[str]
    fields: list[str]
    classes: dict[str, list[str]]
    class_counts: dict[str, list[int]]
    has_time: bool
    has_group: bool
    has_language: bool
    dropped: dict[str, int]
    findings: list[Finding]


def clean(
    path: Path,
    layout: Layout,
    report: ValidationReport,
    folder: Path,
    *,
    delimiter: str = ",",
    classes: Mapping[str, list[str]] | None = None,
    progress: Progress = quiet,
) -> Cleaned:
    """Write the usable rows of `path` into `folder` and say what became of the others.

    `classes` are those of the training data when `path` is a separate test file. Raises
    DataValidationError when all texts are the same, or when the file changed since it was validated.
    """
    if classes is None:
        classes = {head: list(counts) for head, counts in report.classes.items()}
    examiner = Examiner(layout, path.parent)
    writer = _ShardWriter(folder, layout, classes)
    done = 0
    for chunk in open_csv(path, layout.columns.used, delimiter).chunks(layout.columns.used):
        examined = examiner.examine(chunk)
        examiner.dropped.update(writer.write(examined))
        done = min(report.bytes, done + chunk.characters)
        progress(done, report.bytes)
    writer.close()
    if examiner.seen != report.rows:
        raise DataValidationError(str(path), [_changed(report.rows, examiner.seen)])
    progress(report.bytes, report.bytes)
    cleaned = Cleaned(
        folder=folder,
        source=report.source,
        sha256=report.sha256,
        source_rows=report.rows,
        rows=writer.rows,
        bytes=writer.bytes,
        shards=writer.names,
        fields=writer.fields,
        classes=dict(classes),
        class_counts={head: counts.tolist() for head, counts in writer.class_counts.items()},
        has_time=layout.columns.time is not None,
        has_group=layout.columns.group is not None,
        has_language=layout.columns.language is not None,
        dropped=dict(examiner.dropped),
        findings=[],
    )
    return _with_duplicates(path, cleaned, layout.noun)


def _with_duplicates(path: Path, cleaned: Cleaned, noun: str) -> Cleaned:
    """`cleaned` with the findings about texts that occur more than once."""
    findings = find_duplicates(lambda: text_keys(cleaned), cleaned.rows, noun)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise DataValidationError(str(path), errors)
    return msgspec.structs.replace(cleaned, findings=findings)


def text_keys(
    cleaned: Cleaned,
) -> Iterator[tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.int64]]]:
    """(text key, class of the first head, row in the CSV) of every row, a piece at a time."""
    label = LABEL + next(iter(cleaned.classes))
    for name in cleaned.shards:
        table = pq.ParquetFile(cleaned.folder / name).read([TEXT_KEY, label, ROW])
        yield table[TEXT_KEY].to_numpy(), table[label].to_numpy(), table[ROW].to_numpy()


def key_of(text: str) -> int:
    """A 64-bit key of `text` that ignores case and white space."""
    plain = " ".join(text.casefold().split())
    return int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=8).digest(), "little")


class _ShardWriter:
    """Rows into Parquet files of bounded size."""

    def __init__(self, folder: Path, layout: Layout, classes: Mapping[str, list[str]]) -> None:
        self.folder, self.layout = folder, layout
        self.codes = {head: {label: k for k, label in enumerate(names)} for head, names in classes.items()}
        self.class_counts = {head: np.zeros(len(names), dtype=np.int64) for head, names in classes.items()}
        self.fields = [*layout.text_fields, *layout.columns.extra, *(each.field for each in layout.derived)]
        self.names: list[str] = []
        self.rows = self.bytes = 0
        self._schema = self._make_schema()
        self._writer: pq.ParquetWriter | None = None
        self._shard_rows = self._shard_bytes = 0
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.parquet"):
            old.unlink()

    def write(self, examined: Examined) -> Counter[str]:
        """Write the rows whose labels all are classes; returns how many were left out, by reason."""
        left_out: Counter[str] = Counter()
        keep = []
        for k in range(len(examined.rows)):
            strange = next((h for h, codes in self.codes.items() if examined.labels[h][k] not in codes), None)
            if strange is None:
                keep.append(k)
            else:
                left_out[f"a class with too few rows in column '{strange}'"] += 1
        if keep:
            self._write(self._table(examined, keep))
        return left_out

    def close(self) -> None:
        """Finish the last shard."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _table(self, examined: Examined, keep: list[int]) -> pa.Table:
        whole = len(keep) == len(examined.rows)
        columns: dict[str, object] = {}
        for name in self.fields:
            values = examined.fields[name]
            columns[FIELD + name] = values if whole else [values[k] for k in keep]
        for head, codes in self.codes.items():
            labels = np.array([codes[examined.labels[head][k]] for k in keep], dtype=np.int32)
            self.class_counts[head] += np.bincount(labels, minlength=len(codes))
            columns[LABEL + head] = labels
        columns[ROW] = np.array([examined.rows[k] for k in keep], dtype=np.int64)
        texts = [examined.fields[name] for name in self.layout.key_fields]
        if not self.layout.text_fields and examined.times is not None:
            texts.append([str(moment) for moment in examined.times])
        keys = [key_of("\n".join(part[k] or "" for part in texts)) for k in keep]
        columns[TEXT_KEY] = np.array(keys, dtype=np.uint64)
        if examined.times is not None:
            columns[TIME] = np.array([examined.times[k] for k in keep], dtype=np.int64)
        if examined.groups is not None:
            groups = [examined.groups[k] for k in keep]
            columns[GROUP] = groups
            own = [key_of(f"group {name}") if name else key for name, key in zip(groups, keys, strict=True)]
            columns[GROUP_KEY] = np.array(own, dtype=np.uint64)
        if examined.languages is not None:
            columns[LANGUAGE] = [(examined.languages[k] or "").lower() or None for k in keep]
        return pa.table(columns, schema=self._schema)

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            self.names.append(f"part-{len(self.names):05d}.parquet")
            self._writer = pq.ParquetWriter(self.folder / self.names[-1], self._schema, compression="zstd")
            self._shard_rows = self._shard_bytes = 0
        self._writer.write_table(table)
        self.rows += len(table)
        self.bytes += table.nbytes
        self._shard_rows += len(table)
        self._shard_bytes += table.nbytes
        if self._shard_rows >= SHARD_ROWS or self._shard_bytes >= SHARD_BYTES:
            self.close()

    def _make_schema(self) -> pa.Schema:
        columns = self.layout.columns
        fields = [(FIELD + name, pa.string()) for name in self.fields]
        fields += [(LABEL + head, pa.int32()) for head in self.codes]
        fields += [(ROW, pa.int64()), (TEXT_KEY, pa.uint64())]
        fields += [(TIME, pa.int64())] if columns.time else []
        fields += [(GROUP, pa.string()), (GROUP_KEY, pa.uint64())] if columns.group else []
        fields += [(LANGUAGE, pa.string())] if columns.language else []
        return pa.schema(fields)


def _changed(before: int, now: int) -> Finding:
    return Finding(
        code="changed",
        severity="error",
        message=f"it had {before:,} rows when it was validated and has {now:,} now",
        advice="Start again once nothing writes to it",
    )
