"""CSV files of transactions for tests of the training pipeline."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

from model_build.transactions.synthetic import TransactionParameters, write_csv

RENAMED = {"card_id": "user", "merchant_id": "shop", "at": "when", "amount": "paid", "is_fraud": "bad"}


def own_csv(path: Path, rows: int, *, seed: int = 3, unix: bool = True, words: bool = True) -> Path:
    """A file with only user, merchant, time, amount and label, under names of its own; times in seconds since
    1970 and labels in words, if wanted."""
    whole = path.with_suffix(".whole")
    write_csv(whole, TransactionParameters(rows=rows, seed=seed, fraud=0.02))
    with (
        whole.open(newline="", encoding="utf-8") as source,
        path.open("w", newline="", encoding="utf-8") as to,
    ):
        writer = csv.writer(to)
        writer.writerow(RENAMED.values())
        for row in csv.DictReader(source):
            values = {name: row[name] for name in RENAMED}
            if unix:
                values["at"] = str(int(datetime.fromisoformat(row["at"]).timestamp()))
            if words:
                values["is_fraud"] = "Fraud" if row["is_fraud"] == "1" else "no"
            writer.writerow(values.values())
    whole.unlink()
    return path


MAPPING = [
    "--card", "user", "--merchant", "shop", "--time", "when", "--amount", "paid", "--label", "bad",
]  # fmt: skip
