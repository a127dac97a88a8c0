"""A synthetic stream that ends now, as the bodies of requests and records."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from model_build.transactions.synthetic import TransactionParameters, write_csv

_TEXTS = ("transaction_id", "card_id", "at", "currency", "merchant_id", "category")
_PLACES = ("latitude", "longitude", "home_latitude", "home_longitude")


def bodies(folder: Path, rows: int, *, seed: int, days: int = 60) -> Iterator[dict[str, Any]]:
    """`rows` transactions in the order of their time, the last one an hour ago; ids carry the seed."""
    end = datetime.now(UTC) - timedelta(hours=1)
    path = folder / f"stream-{seed}.csv"
    write_csv(path, TransactionParameters(rows=rows, seed=seed, start=end - timedelta(days=days), end=end))
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            body: dict[str, Any] = {name: row[name] for name in _TEXTS}
            body["amount"] = float(row["amount"])
            yield body | {name: float(row[name]) for name in _PLACES if row[name]}
