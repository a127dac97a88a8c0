"""The transaction service with everything it needs, in memory: the real path over a tiny real model."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from lambdas.core.bundle_cache import BundleCache
from lambdas.core.decide import Decider
from lambdas.core.decision_log import DecisionLog
from lambdas.core.model_store import ModelStore
from lambdas.core.variant import Rollout
from lambdas.transactions.cards import Cards
from lambdas.transactions.model import FraudModel
from lambdas.transactions.schema import TransactionDecision, TransactionRequest
from lambdas.transactions.service import Transactions
from tests.support.bundles import Shelf
from tests.support.events import fresh_telemetry
from tests.support.fraud_bundles import write_fraud_bundle
from tests.support.stores import MemoryStore
from tests.support.tables import MemoryTable
from tests.support.transactions import Lines, Waiting

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class FraudWorld:
    def __init__(self, tmp_path: Path) -> None:
        self.features, self.table, self.shelf = MemoryStore(), MemoryTable(), Shelf()
        self.waiting = Waiting()
        self.cards = Cards(self.features, self.waiting, Lines(), pause=lambda _: None)
        self.shelf.put_rollout(Rollout("transactions", write_fraud_bundle(tmp_path / "built")))
        self.shelf.put_bundle(tmp_path / "built", "v1", "transactions")
        service = Transactions(self.cards, now=lambda: NOW)
        self.telemetry = telemetry = fresh_telemetry("transactions")
        self.log = DecisionLog("decisions", self.table, ttl_days=30)
        self.store: ModelStore[FraudModel] = ModelStore(
            BundleCache("transactions", self.shelf, tmp_path / "cache"), open_model=service.open,
            on_failure=lambda error: telemetry.model_failed(error.detail),
        )  # fmt: skip
        self.decider = Decider(service, store=self.store, log=self.log, telemetry=telemetry, now=lambda: NOW)

    def score(self, **said: object) -> TransactionDecision:
        return self.decider.decide([request(**said)])[0]


def request(**said: object) -> TransactionRequest:
    return msgspec.convert({"card_id": "c", "amount": 20.0, **said}, TransactionRequest)
