"""Reading a CSV in chunks, whatever its size, and saying clearly when it is not one.

Rows are numbered as a spreadsheet does: the header is row 1, a quoted line break starts no new row.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from model_build.errors import DataValidationError
from model_build.file_kind import check_bytes, undecodable
from model_build.findings import NAMED_ROWS, Finding

LONGEST_FIELD: Final = 8 << 20
"""Characters. No ticket is that long: a field that is comes from a quote that was never closed."""

CHUNK_ROWS: Final = 4096
CHUNK_CHARACTERS: Final = 8 << 20

DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass
class Chunk:
    """Some rows, the cells of the wanted columns only; `rows` are their numbers."""

    rows: list[int]
    cells: dict[str, list[str]]
    characters: int


@dataclass
class CsvSource:
    """A CSV file whose header is known; `chunks` reads the rest."""

    path: Path
    delimiter: str
    header: list[str]
    ragged: list[int] = field(default_factory=list)
    ragged_count: int = 0
    bytes_read: int = 0

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        """The cells of `columns`, a chunk at a time. Rows with too few or too many cells are left out
        and noted in `ragged`. Raises DataValidationError where the file stops being a CSV."""
        places = [self.header.index(name) for name in columns]
        self.ragged, self.ragged_count = [], 0
        width = len(self.header)
        rows: list[int] = []
        kept: list[list[str]] = []
        characters = 0
        with _records(self.path, self.delimiter) as records:
            next(records)
            for number, record in enumerate(records, start=2):
                if len(record) != width:
                    if record:  # a blank line is not a row, but it is counted as spreadsheets do
                        self._note_ragged(number)
                    continue
                rows.append(number)
                kept.append(record)
                characters += sum(map(len, record))
                if len(rows) >= CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
                    yield _chunk(rows, kept, columns, places, characters)
                    rows, kept, characters = [], [], 0
        if rows:
            yield _chunk(rows, kept, columns, places, characters)

    def ragged_finding(self) -> Finding | None:
        """The finding about rows whose number of cells is not the header's."""
        if not self.ragged_count:
            return None
        return Finding(
            code="ragged",
            severity="error",
            message=f"a number of cells that is not the header's {len(self.header)}",
            advice="Quote cells that hold the delimiter or a line break, or remove these rows",
            rows=self.ragged,
            count=self.ragged_count,
        )

    def _note_ragged(self, number: int) -> None:
        self.ragged_count += 1
        if len(self.ragged) < NAMED_ROWS:
            self.ragged.append(number)


def open_csv(path: Path, columns: Sequence[str], delimiter: str = ",") -> CsvSource:
    """The CSV at `path`, checked as far as its header; `columns` must be in it.

    Raises DataValidationError for a file that is missing, empty, binary, in another encoding, without
    the columns, or with another delimiter: the message says what to do.
    """
    header = header_of(path, delimiter)
    with _records(path, delimiter) as records:
        next(records)
        has_rows = any(record for record in records)
    missing = [name for name in columns if name not in header]
    findings = [*_delimiter_findings(path, delimiter, missing, columns)]
    if not findings:
        findings = [_missing_column(name, header) for name in missing]
    for name in dict.fromkeys(name for name in columns if header.count(name) > 1):
        findings.append(_repeated_column(name, header))
    if not findings and not has_rows:
        findings.append(
            Finding(code="no-rows", severity="error", message="there is a header and no row below it")
        )
    if findings:
        raise DataValidationError(str(path), findings)
    return CsvSource(path, delimiter, header)


def header_of(path: Path, delimiter: str = ",") -> list[str]:
    """The names in the first row; raises DataValidationError when `path` is no CSV in UTF-8."""
    check_bytes(path)
    with _records(path, delimiter) as records:
        return [name.strip() for name in next(records)]


@contextmanager
def _records(path: Path, delimiter: str) -> Iterator[Iterator[list[str]]]:
    """The records of the file; what the csv module or the decoder complains about is told in our words."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield _told(path, csv.reader(file, delimiter=delimiter, strict=True))
    finally:
        csv.field_size_limit(before)


def _told(path: Path, records: Iterator[list[str]]) -> Iterator[list[str]]:
    number = 0
    try:
        for record in records:
            number += 1
            yield record
    except UnicodeDecodeError as error:
        raise DataValidationError(str(path), [undecodable(path)]) from error
    except csv.Error as error:
        finding = Finding(
            code="quotes",
            severity="error",
            message=f'the quotes do not pair up in this row or just before it ("{error}")',
            advice='Close the open quote; a quote inside a quoted cell is written twice: ""',
            rows=[number + 1],
            count=1,
        )
        raise DataValidationError(str(path), [finding]) from error


def _chunk(
    rows: list[int], records: list[list[str]], columns: Sequence[str], places: list[int], characters: int
) -> Chunk:
    by_place = list(zip(*records, strict=True))
    cells = {name: list(by_place[place]) for name, place in zip(columns, places, strict=True)}
    return Chunk(rows, cells, characters)


def _delimiter_findings(
    path: Path, delimiter: str, missing: list[str], columns: Sequence[str]
) -> Iterator[Finding]:
    """A finding when the header has the columns once it is split at another delimiter."""
    if not missing:
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline(1 << 20)
    expected = DELIMITERS.get(delimiter, repr(delimiter))
    for other, name in DELIMITERS.items():
        try:
            cells = next(csv.reader([line], delimiter=other), [])
        except csv.Error:
            continue
        if other != delimiter and set(columns) <= {cell.strip() for cell in cells}:
            shown = "\\t" if other == "\t" else other
            yield Finding(
                code="delimiter",
                severity="error",
                message=f"the cells are separated by {name}, not by {expected}",
                advice=f"Say so: --delimiter '{shown}' (make train: DELIMITER='{shown}')",
                rows=[1],
                count=1,
            )
            return


def _missing_column(name: str, header: Sequence[str]) -> Finding:
    lowered = {known.lower(): known for known in reversed(header)}
    close = [lowered[match] for match in difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)]
    meant = f"Did you mean '{close[0]}'? " if close else ""
    shown = ", ".join(header[:20]) + (f" and {len(header) - 20} more" if len(header) > 20 else "")
    return Finding(
        code="missing-column",
        severity="error",
        message="there is no such column",
        advice=f"{meant}The file has: {shown}",
        column=name,
    )


def _repeated_column(name: str, header: Sequence[str]) -> Finding:
    places = [place + 1 for place, known in enumerate(header) if known == name]
    return Finding(
        code="repeated-column",
        severity="error",
        message=f"the header has it {len(places)} times, as columns {', '.join(map(str, places))}",
        advice="Rename or remove all but one",
        column=name,
    )
