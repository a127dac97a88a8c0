"""The transaction service on a tiny real model: verdicts, reasons, what is missing, one fold a request."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from lambdas.core.bundle import decode_manifest
from lambdas.core.errors import BundleError, InvalidRequest
from lambdas.transactions.cards import Cards
from lambdas.transactions.features import FEATURE_NAMES
from lambdas.transactions.service import Transactions
from lambdas.transactions.verdict import Bounds
from tests.support.fraud_bundles import APPROVE, DECLINE, MODELS, write_fraud_bundle
from tests.support.fraud_world import NOW, FraudWorld, request
from tests.support.stores import MemoryStore
from tests.support.transactions import Lines, Waiting


@pytest.fixture
def world(tmp_path: Path) -> FraudWorld:
    return FraudWorld(tmp_path)


def test_an_ordinary_purchase_is_approved_and_says_what_was_seen(world: FraudWorld) -> None:
    answer = world.score(merchant_id="m", category="grocery", transaction_id="t")
    assert (answer.outcome, answer.review, answer.risk_level) == ("approve", False, "low")
    assert (answer.reasons, answer.top_reasons, answer.degraded) == ([], [], [])
    assert answer.confidence == pytest.approx(1 - answer.probability)
    assert list(answer.scores) == list(MODELS)
    assert list(answer.features) == list(FEATURE_NAMES)
    assert answer.features["category_risk"] == pytest.approx(0.002)
    assert answer.features["home_km"] is None


def test_a_burst_of_velocity_is_stopped_and_says_why(world: FraudWorld) -> None:
    answers = [
        world.score(amount=30.0, transaction_id=f"t{k}", at=(NOW - timedelta(seconds=60 - k)).isoformat())
        for k in range(12)
    ]
    assert answers[0].outcome == "approve"
    assert answers[-1].outcome == "decline"
    assert answers[-1].risk_level == "critical"
    assert answers[-1].confidence == answers[-1].probability >= DECLINE
    assert not answers[-1].review
    first = answers[-1].top_reasons[0]
    assert (first.feature, first.words) == ("count_1h", "transaction number 12 within an hour")
    assert first.effect > 0.3
    between = next(answer for answer in answers if answer.outcome == "review")
    assert between.review
    assert "approved up to there" in between.reasons[0]


def test_a_retry_is_folded_and_counted_once(world: FraudWorld) -> None:
    first = world.score(transaction_id="t")
    assert world.score(transaction_id="t") == first
    assert world.score(transaction_id="other").features["count_1h"] == 2.0


def test_without_the_feature_store_it_is_scored_on_the_request_and_says_so(world: FraudWorld) -> None:
    world.features.read_fails = True
    answer = world.score()
    assert (answer.source, answer.degraded) == ("model", ["feature_store"])
    assert answer.features["count_1h"] is None
    assert len(world.waiting.updates) == 1


def test_without_a_model_a_person_looks_at_what_the_rules_found(world: FraudWorld) -> None:
    world.shelf.objects.clear()
    for k in range(6):
        answer = world.score(transaction_id=f"t{k}")
    assert (answer.outcome, answer.review, answer.source) == ("review", True, "rules")
    assert answer.degraded == ["model"]
    assert (answer.risk_level, answer.top_reasons[0].feature) == ("high", "count_1h")
    assert "six transactions or more" in answer.top_reasons[0].words


def test_a_model_that_fails_after_the_fold_is_not_folded_again(world: FraudWorld) -> None:
    world.score(transaction_id="t0")
    live = world.decider.store._live
    loaded = live.loaded["v1"]

    class Broken:
        def run(self, feeds: object) -> object:
            raise BundleError("the model failed to run")

    broken = loaded._replace(model=loaded.model._replace(onnx=Broken()))
    world.decider.store._live = type(live)(live.rollout, {"v1": broken})
    before = world.features.calls.count("write")
    answer = world.score(transaction_id="t1")
    assert (answer.source, answer.features["count_1h"]) == ("rules", 2.0)
    assert world.features.calls.count("write") == before + 1


def test_a_batch_of_one_card_is_its_singles(world: FraudWorld, tmp_path: Path) -> None:
    singles = FraudWorld(tmp_path / "other")
    said = [{"transaction_id": f"t{k}", "amount": 10.0 + k, "at": NOW.isoformat()} for k in range(5)]
    batch = world.decider.decide([request(**each) for each in said])
    for together, each in zip(batch, said, strict=True):
        alone = singles.score(**each)
        assert alone.features == together.features
        assert alone.probability == pytest.approx(together.probability, abs=1e-6)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"currency": "XXX"}, "currency"),
        ({"at": "2026-06-01T13:00:00Z"}, "at"),
        ({"at": "2020-06-01T13:00:00Z"}, "at"),
        ({"latitude": 3.0}, "longitude"),
        ({"merchant_id": "a\nb"}, "merchant_id"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_folded(
    world: FraudWorld, said: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        world.score(**said)
    assert caught.value.field == field
    assert world.features.calls == []


def test_a_bundle_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    write_fraud_bundle(tmp_path)
    manifest = decode_manifest((tmp_path / "v1" / "manifest.json").read_bytes(), "transactions")
    service, replace = Transactions(Cards(MemoryStore(), Waiting(), Lines())), msgspec.structs.replace
    service.open(tmp_path / "v1", manifest)
    with pytest.raises(BundleError, match="other features"):
        service.open(tmp_path / "v1", replace(manifest, features=["x"]))
    with pytest.raises(BundleError, match="scores"):
        service.open(tmp_path / "v1", replace(manifest, settings={**manifest.settings, "models": ["one"]}))
    with pytest.raises(BundleError, match="classes"):
        service.open(
            tmp_path / "v1", replace(manifest, heads=[replace(manifest.heads[0], classes=["a", "b"])])
        )
    (tmp_path / "v1" / "background.json").write_text('{"rows": []}')
    with pytest.raises(BundleError, match="no row"):
        service.open(tmp_path / "v1", manifest)


def test_the_bounds_split_the_probabilities() -> None:
    bounds = Bounds(APPROVE, DECLINE)
    levels = [bounds.risk_level(p) for p in (0.0, APPROVE, 0.2, 0.5, DECLINE, 1.0)]
    assert levels == ["low", "low", "medium", "high", "critical", "critical"]
    assert [bounds.outcome(p) for p in (0.1, 0.11, 0.69, 0.7)] == ["approve", "review", "review", "decline"]
    assert Bounds(0.5, 0.5).outcome(0.5) == "decline"
