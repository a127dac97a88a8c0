"""Transactions from a CSV, as they go on the stream."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from lambdas.transactions.schema import TransactionRequest
from local.errors import Misused
from model_build.times import milliseconds

NUMBERS = {"amount", "latitude", "longitude", "home_latitude", "home_longitude"}
_FIELDS = {field.name for field in msgspec.structs.fields(TransactionRequest)}


class Event(NamedTuple):
    """One record: its JSON, the card that orders it, and the transaction's id."""

    body: str
    card: str
    own: str


class Columns(NamedTuple):
    """Which column of the file is which field of a transaction; `time_format` is strptime's, None for ISO."""

    by_field: dict[str, str]
    time_format: str | None


def columns_from(params: Path) -> Columns:
    """The mapping that training uses, of `transactions.data` in params.yaml. Raises Misused."""
    try:
        data: Mapping[str, Any] = yaml.safe_load(params.read_text("utf-8"))["transactions"]["data"]
        fields = {name: str(column) for name, column in data["extra"].items() if name in _FIELDS and column}
        return Columns({**fields, "at": str(data["time"])}, data.get("time_format"))
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise Misused(f"{params} has no transactions.data with extra and time: {error!r}") from error


def read(path: Path, columns: Columns, *, newest_at: datetime | None = None) -> Iterator[Event]:
    """The file's rows as events, in its order; columns that are no field are left out.

    With `newest_at` all times are moved by as much as brings the newest there: old events are refused at the
    door. A value that cannot be read goes out as it is: the stream refuses it with a reason, as it would
    anybody's. A row without an id gets one of its content. Raises Misused for a file that is none.
    """
    moved = timedelta(0)
    if newest_at is not None:
        times = [at for row in _rows(path, columns) if (at := _time(row.get("at"), columns)) is not None]
        if times:
            moved = newest_at - max(times)
    for number, row in enumerate(_rows(path, columns)):
        yield _event(row, columns, moved, number)


def _rows(path: Path, columns: Columns) -> Iterator[dict[str, str]]:
    """Each row by the fields' names, without what is empty."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            header = reader.fieldnames or []
            missing = [
                columns.by_field[f] for f in ("card_id", "amount") if columns.by_field[f] not in header
            ]
            if missing:
                raise Misused(
                    f"{path} has no column {' and '.join(missing)}: it has {', '.join(header)}. "
                    "Say which is which under transactions.data in params.yaml"
                )
            for row in reader:
                yield {
                    field: row[column].strip()
                    for field, column in columns.by_field.items()
                    if (row.get(column) or "").strip()
                }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise Misused(f"{path} cannot be read: {why}") from error


def _event(row: dict[str, str], columns: Columns, moved: timedelta, number: int) -> Event:
    body: dict[str, Any] = {f: _number(text) if f in NUMBERS else text for f, text in row.items()}
    at = _time(row.get("at"), columns)
    if at is not None:
        body["at"] = (at + moved).isoformat()
    if "transaction_id" not in body:
        body["transaction_id"] = hashlib.sha256(f"{number} {sorted(row.items())}".encode()).hexdigest()[:32]
    own = str(body["transaction_id"])
    return Event(msgspec.json.encode(body).decode(), row.get("card_id", ""), own)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _time(text: str | None, columns: Columns) -> datetime | None:
    """The time as training would read it; None when it is none."""
    found = milliseconds(text, columns.time_format) if text else None
    return None if found is None else datetime.fromtimestamp(found / 1000, UTC)


def last_midnight() -> datetime:
    """The begin of today, UTC: moved there twice a day, a file stays the same."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
