"""What the transactions benchmark runs on: an embedded AWS, a Valkey, a trained bundle, its four models."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.embedded import fraud_aws

ROWS = 100_000
TEXT = ("transaction_id", "card_id", "currency", "merchant_id", "category")
NUMBERS = ("amount", "latitude", "longitude", "home_latitude", "home_longitude")


@dataclass
class Setup:
    """Transactions in the order of their time, and where the models lie."""

    build: Path
    transactions: list[dict[str, Any]]
    _taken: int = 0

    def take(self, count: int) -> list[dict[str, Any]]:
        """The next transactions: each is asked once, as its card goes on."""
        if self._taken + count > len(self.transactions):
            raise RuntimeError("the benchmark asks for more transactions than there are")
        self._taken += count
        return self.transactions[self._taken - count : self._taken]

    def members(self) -> Any:
        """The four fitted models in their own libraries."""
        import joblib

        return joblib.load(self.build / "transactions" / "work" / "fitted.joblib").members


def score_event(transaction: dict[str, Any]) -> dict[str, Any]:
    """A proxy event for one transaction."""
    return {
        "httpMethod": "POST", "resource": "/v1/transactions:score", "body": json.dumps(transaction),
        "isBase64Encoded": False,
    }  # fmt: skip


def kinesis_event(transactions: list[dict[str, Any]]) -> dict[str, Any]:
    """A batch of a Kinesis stream."""
    return {
        "Records": [
            {
                "eventSource": "aws:kinesis",
                "kinesis": {
                    "partitionKey": each["card_id"], "sequenceNumber": str(k),
                    "data": base64.b64encode(json.dumps(each).encode()).decode(),
                },
            }
            for k, each in enumerate(transactions)
        ]
    }  # fmt: skip


def sqs_event(transactions: list[dict[str, Any]]) -> dict[str, Any]:
    """A batch of an SQS FIFO queue."""
    return {
        "Records": [
            {
                "eventSource": "aws:sqs", "messageId": str(k), "body": json.dumps(each),
                "attributes": {"MessageGroupId": each["card_id"]},
            }
            for k, each in enumerate(transactions)
        ]
    }  # fmt: skip


def in_turn(members: Any) -> Callable[[Any], Any]:
    """The textbook ensemble of one row: each library's own prediction, one after the other."""
    import xgboost

    boosted = xgboost.XGBClassifier(n_jobs=1)
    boosted.load_model(bytearray(members.boosted.save_raw("ubj")))
    boosted.set_params(n_jobs=1)

    def predict(row: Any) -> Any:
        return np.array(
            [
                boosted.predict_proba(row)[0, 1],
                members.light.predict(row, num_threads=1)[0],
                members.network.predict_proba(members.scaler.inputs(row))[0, 1],
                -members.isolation.score_samples(members.scaler.filled(row))[0],
            ]
        )

    return predict


@contextmanager
def prepared(build: Path | None) -> Iterator[Setup]:
    """Everything running and published; the environment points at it. Trains when there is no `build` yet."""
    with fraud_aws(ROWS, build) as aws:
        found = build or aws.folder / "build"
        yield Setup(found, _transactions(found / "transactions" / "work" / "synthetic.csv"))


def _transactions(path: Path) -> list[dict[str, Any]]:
    """The rows of the synthetic stream as request bodies, the newest a minute old."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    newest = datetime.fromisoformat(rows[-1]["at"])
    shift = datetime.now(UTC) - newest - timedelta(minutes=1)
    return [
        {name: row[name] for name in TEXT if row[name]}
        | {name: float(row[name]) for name in NUMBERS if row[name]}
        | {"at": (datetime.fromisoformat(row["at"]) + shift).isoformat()}
        for row in rows
    ]
