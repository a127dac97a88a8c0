"""What a fraud analyst would expect of the trained ensemble, over a card's real history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.core.bundle import decode_manifest
from lambdas.core.service import Stamp
from lambdas.transactions.cards import Cards
from lambdas.transactions.model import FraudModel
from lambdas.transactions.schema import TransactionDecision, TransactionRequest
from lambdas.transactions.service import Transactions
from lambdas.transactions.shapley import explain
from tests.conftest import TrainedTransactions
from tests.support.stores import MemoryStore
from tests.support.transactions import Lines, Waiting

pytestmark = pytest.mark.contract
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class Card:
    """One card: 60 days of about one purchase a day near home, at a few merchants."""

    service: Transactions
    model: FraudModel
    at: datetime = NOON
    said: int = field(default=0)

    def __post_init__(self) -> None:
        for day in range(60):
            self.at = NOON - timedelta(days=60 - day, minutes=37 * day % 300)
            self.pay(20.0 + 7.0 * (day % 5), merchant_id=f"usual-{day % 6}")
        self.at = NOON

    def pay(self, amount: float, *, after: float = 0.0, **more: Any) -> TransactionDecision:
        """One purchase, `after` so many seconds."""
        self.at += timedelta(seconds=after)
        self.said += 1
        near = {"latitude": 48.85, "longitude": 2.35, "home_latitude": 48.86, "home_longitude": 2.34}
        request = TransactionRequest(
            card_id="c", amount=amount, at=self.at, **{"category": "grocery", **near, **more}
        )
        own = f"transactions.{self.said}"
        (item,) = items = self.service.prepare([request], [own], self.at)
        self.service.settle(items)
        (answer,) = self.service.predict(self.model, [item], [Stamp(own, "2026", "champion", "v")])
        return answer


@pytest.fixture(scope="module")
def model(trained_transactions: TrainedTransactions) -> FraudModel:
    folder = trained_transactions.bundle
    manifest = decode_manifest((folder / "manifest.json").read_bytes(), "transactions")
    return Transactions(Cards(MemoryStore(), Waiting(), Lines())).open(folder, manifest)


@pytest.fixture
def card(model: FraudModel) -> Card:
    return Card(Transactions(Cards(MemoryStore(), Waiting(), Lines())), model)


def test_an_ordinary_purchase_goes_through(card: Card) -> None:
    answer = card.pay(25.0, merchant_id="usual-1")
    assert (answer.outcome, answer.risk_level, answer.top_reasons) == ("approve", "low", [])


def test_a_burst_at_new_merchants_does_not_go_through_and_says_that_it_is_one(card: Card) -> None:
    answers = [card.pay(180.0, after=60, merchant_id=f"new-{k}", category="electronics") for k in range(10)]
    assert answers[-1].outcome in {"review", "decline"}
    assert answers[-1].probability > 5 * card.pay(25.0, after=86_400 * 3, merchant_id="usual-1").probability
    features = {reason.feature for reason in answers[-1].top_reasons}
    assert features & {"count_1h", "count_24h", "sum_24h", "log_since_last", "amount_ratio", "amount_z"}
    assert all(reason.words for reason in answers[-1].top_reasons)


def test_a_large_amount_far_from_home_looks_worse_than_the_usual_one(card: Card) -> None:
    usual = card.pay(25.0, merchant_id="usual-1")
    far = {"latitude": 55.75, "longitude": 37.62, "merchant_id": "far", "category": "electronics"}
    away = card.pay(1_500.0, after=1_800, **far)
    assert away.features["speed_kmh"] > 1_000
    assert away.probability > usual.probability


def test_what_is_not_said_still_gets_an_answer(card: Card) -> None:
    nothing = dict.fromkeys(("latitude", "longitude", "home_latitude", "home_longitude", "category"))
    assert card.pay(25.0, **nothing).outcome in {"approve", "review"}


def test_the_explanation_of_the_ensemble_adds_up(model: FraudModel) -> None:
    row = model.background[1].copy()
    row[:8] *= 3
    found = explain(model.probability, row, model.background, seed="d")
    assert found.base + found.values.sum() == pytest.approx(found.probability, abs=1e-6)
    assert found.error < 0.05
