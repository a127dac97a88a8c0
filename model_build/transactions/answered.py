"""Answers of the transactions function's own code to rows of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from lambdas.core.bundle import Manifest
from lambdas.transactions.schema import TransactionRequest
from lambdas.transactions.seen import Observed, Seen
from lambdas.transactions.service import Item, Transactions
from model_build.dataset import Batch
from model_build.service import Answered, stamps
from model_build.transactions.ensemble import features_of

if TYPE_CHECKING:
    from lambdas.transactions.cards import Cards

UNKNOWN: Final = "unknown"
"""The card of a row that names none."""


def answered(folder: Path, manifest: Manifest, batch: Batch) -> Answered:
    """See `TrainingService.answered`. The features are those of the replay."""
    service = Transactions(cast("Cards", None))  # neither the model nor the rules ask for a card
    asked, count = _items(batch), len(batch)
    said = service.predict(service.open(folder, manifest), asked, stamps(count, "champion", manifest.version))
    fraud = np.array([each.probability for each in said])
    probabilities = {head.name: np.column_stack([1.0 - fraud, fraud]) for head in manifest.heads}
    return Answered(batch, said, service.rules(asked, stamps(count, "none", None)), probabilities)


def _items(batch: Batch) -> list[Item]:
    nothing: list[str | None] = [None] * len(batch)
    columns = {name: batch.columns.get(name, nothing) for name in ("card_id", "amount", "category")}
    nobody = Seen([])
    return [
        Item(
            TransactionRequest(
                card_id=columns["card_id"][k] or UNKNOWN,
                amount=float(columns["amount"][k] or 1.0),
                category=columns["category"][k],
            ),
            Observed(tuple(row), columns["category"][k], []),
            nobody,
            k,
        )
        for k, row in enumerate(features_of(batch).tolist())
    ]
