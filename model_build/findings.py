"""What validation found: each finding names its column and rows, and says what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

NAMED_ROWS = 5

Severity = Literal["error", "warning", "note"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing about the data. `rows` are the first few, as a spreadsheet counts: the header is row 1."""

    code: str
    severity: Severity
    message: str
    advice: str = ""
    column: str | None = None
    rows: list[int] = []
    count: int = 0

    def __str__(self) -> str:
        where = f"column '{self.column}'" if self.column else ""
        if self.rows:
            listed = named_rows(self.rows, self.count)
            where = f"{where}, {listed}" if where else listed
        text = f"{where}: {self.message}" if where else self.message
        return f"{text}. {self.advice}" if self.advice else text


def named_rows(rows: Iterable[int], count: int) -> str:
    """ "row 7" or "rows 7, 9, 30 and 12 more"."""
    first = list(rows)[:NAMED_ROWS]
    if count <= 1:
        return f"row {first[0]}"
    listed = ", ".join(f"{row:,}" for row in first)
    return f"rows {listed}" + (f" and {count - len(first):,} more" if count > len(first) else "")


def flags(option: str) -> str:
    """`option` as a hint, both as `model_build train` takes it and as `make train` does."""
    return f'{option} (make train: TRAIN_FLAGS="{option}")'


class RowLog:
    """Counts rows by what is wrong with them, and remembers the first few of each."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str | None], list[int]] = {}
        self.counts: dict[tuple[str, str | None], int] = {}

    def add(self, code: str, column: str | None, rows: Iterable[int]) -> None:
        """Note that `rows` have the problem `code` in `column`."""
        key = (code, column)
        kept = self.rows.setdefault(key, [])
        for row in rows:
            self.counts[key] = self.counts.get(key, 0) + 1
            if len(kept) < NAMED_ROWS:
                kept.append(row)

    def finding(
        self, code: str, column: str | None, severity: Severity, message: str, advice: str = ""
    ) -> Finding | None:
        """The finding about the rows noted under `code` and `column`; None when there are none."""
        key = (code, column)
        if not self.counts.get(key):
            return None
        return Finding(
            code=code,
            severity=severity,
            message=message.format(count=self.counts[key]),
            advice=advice,
            column=column,
            rows=self.rows[key],
            count=self.counts[key],
        )
