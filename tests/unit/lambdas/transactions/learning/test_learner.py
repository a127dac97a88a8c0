"""Learning: each label once, terminals told, a better meta-model becomes a challenger, a worse one not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from lambdas.core.decision_log import Entry, Label
from lambdas.core.errors import DependencyDown
from lambdas.core.labels import GivenLabel, message_of
from lambdas.core.service import decision_id
from lambdas.core.variant import BundleRef, Rollout, decode_rollout
from lambdas.transactions import terminals
from lambdas.transactions.features import FEATURE_NAMES
from lambdas.transactions.learning.learner import Learner
from lambdas.transactions.learning.meta import Meta, logits_of
from lambdas.transactions.learning.onnx_floats import floats
from lambdas.transactions.learning.state import KEY, State
from lambdas.transactions.schema import TransactionDecision, TransactionRequest
from tests.support.events import CONTEXT
from tests.support.fraud_bundles import MODELS, write_fraud_bundle
from tests.support.fraud_world import FraudWorld
from tests.unit.lambdas.transactions.learning.test_meta import TRUE, WRONG, drawn, flipped

NOW = datetime(2026, 6, 2, tzinfo=UTC)
ROLLOUT = "transactions/rollout.json"


def weights_of(meta: Meta) -> dict[str, Any]:
    return {"meta_weights": tuple(meta.weights.tolist()), "meta_bias": meta.bias}


class School(FraudWorld):
    """A world whose champion has the given meta-model, with a holdout by TRUE, and a learner."""

    def __init__(self, tmp_path: Path, champion: Meta = WRONG, after: int = 600) -> None:
        super().__init__(tmp_path)
        scores, fraud = drawn(4_000, 1)
        held = {"scores": scores.tolist(), "fraud": fraud.astype(int).tolist(), "amount": [1.0] * 4_000}
        self.folder = tmp_path / "school"
        self.ref = write_fraud_bundle(self.folder, "v1", holdout=held, **weights_of(champion))
        self.shelf.put_bundle(self.folder, "v1", "transactions")
        self.shelf.put_rollout(Rollout("transactions", self.ref))
        self.learner = Learner(self.log, self.shelf, self.cards, self.telemetry, after=after, now=lambda: NOW)

    def decided(self, number: int, scores: list[float], version: str = "v1") -> str:
        """A decision in the log with these scores."""
        own = decision_id("transactions", f"t{number}")
        decision = TransactionDecision(
            decision_id=own, outcome="review", review=True, reasons=["x"], confidence=0.5, source="model",
            variant="champion", model_version=version, degraded=[], decided_at="2026-06-01T00:00:00.000Z",
            transaction_id=f"t{number}", card_id="c", probability=0.5, risk_level="medium",
            scores=dict(zip(MODELS, scores, strict=True)), features={}, top_reasons=[],
        )  # fmt: skip
        asked = TransactionRequest(card_id="c", amount=1.0, transaction_id=f"t{number}", merchant_id="m")
        self.log.record([Entry(decision, "d", msgspec.json.encode(asked), "transactions", "c")])
        return own

    def teach(self, scores: np.ndarray, fraud: np.ndarray, batch: int = 100) -> None:
        """Decisions with these scores, and their labels, a batch of the queue at a time."""
        given = [
            label(self.decided(number, row.tolist()), "fraud" if bad else "legitimate")
            for number, (row, bad) in enumerate(zip(scores, fraud, strict=True))
        ]
        for start in range(0, len(given), batch):
            assert self.failed(given[start : start + batch]) == []

    def failed(self, labels: list[GivenLabel | str]) -> list[str]:
        bodies = [each if isinstance(each, str) else message_of(each).body for each in labels]
        event = {"Records": [{"messageId": f"m{k}", "body": body} for k, body in enumerate(bodies)]}
        return [each["itemIdentifier"] for each in self.learner(event, CONTEXT)["batchItemFailures"]]

    @property
    def state(self) -> State:
        return msgspec.json.decode(self.shelf.objects[KEY], type=State)

    @property
    def rollout(self) -> Rollout:
        return decode_rollout(self.shelf.objects[ROLLOUT], "transactions")

    def told(self) -> float:
        """How many labels the terminal knows of."""
        return terminals.decode(self.features.held["terminal:m"].data).labels_28d


def label(own: str, said: str, by: str = "ana", at: datetime = NOW) -> GivenLabel:
    return GivenLabel(own, "transactions", said, at, by)


def test_a_label_is_taken_in_once_and_the_terminal_told(tmp_path: Path) -> None:
    school = School(tmp_path)
    own = school.decided(1, [0.1, 0.2, 0.3, 0.4])
    for _ in range(2):
        assert school.failed([label(own, "fraud"), label(own, "fraud")]) == []
    assert [(row.base, row.scores, row.fraud) for row in school.state.rows.values()] == [
        ("v1", [0.1, 0.2, 0.3, 0.4], True)
    ]
    assert school.told() == 1.0
    stands = school.log.get(own).label
    assert stands is not None
    assert (stands.label, stands.by) == ("fraud", "ana")


def test_a_changed_mind_counts_and_an_older_message_does_not(tmp_path: Path) -> None:
    school = School(tmp_path)
    own = school.decided(1, [0.1] * 4)
    later = NOW.replace(hour=1)
    school.log.label(own, Label("legitimate", later.isoformat(), "ana"))
    school.failed([label(own, "fraud"), label(own, "legitimate", at=later)])
    (row,) = school.state.rows.values()
    assert not row.fraud
    stands = school.log.get(own).label
    assert stands is not None
    assert stands.label == "legitimate"


def test_what_cannot_be_used_is_passed_over(tmp_path: Path) -> None:
    school = School(tmp_path)
    good, lost = school.decided(1, [0.1] * 4), school.decided(2, [0.1] * 4, version="gone")
    school.log.label(good, Label("fraud", NOW.isoformat(), "bo"))
    assert school.failed([
        "{", '{"decision_id": 3}', label("transactions.nothing", "fraud"), label(good, "Technical"),
        msgspec.structs.replace(label(good, "fraud"), service="tickets"),
        label(good, "legitimate", at=NOW.replace(hour=1)), label(lost, "fraud"),
    ]) == []  # fmt: skip
    assert school.state.rows == {}
    assert school.told() == 1.0, "a terminal learns from a decision of a version that is gone"


def test_drift_brings_a_challenger_that_serves(tmp_path: Path) -> None:
    school = School(tmp_path)
    school.teach(*drawn(600, 5))
    rollout = school.rollout
    assert rollout.champion == school.ref
    assert rollout.challenger is not None
    assert (rollout.share, rollout.shadow) == (0.0, False)
    assert school.state.new == 0
    last = school.state.last
    assert last is not None
    assert last.published == rollout.challenger.version
    assert last.comparison.candidate_precision > last.comparison.champion_precision

    school.shelf.put_rollout(Rollout("transactions", rollout.challenger))
    school.store.refresh()
    loaded = school.store.champion()
    assert loaded is not None, "the bundle is whole: every sha256 agrees"
    assert loaded.manifest.settings["learned"] == {"base": "v1", "from": "v1", "labels": 600}
    rows = loaded.model.background.copy()
    rows[:, FEATURE_NAMES.index("count_1h")] = np.arange(len(rows))
    scored = loaded.model.score(rows)
    champion = school.store.version("v1").model.score(rows)
    assert np.allclose(scored.scores, champion.scores), "the four models are the same"
    logits = logits_of(scored.scores)
    model = school.shelf.objects[f"transactions/bundles/{rollout.challenger.version}/model.onnx"]
    learned = Meta(floats(model, "meta_weights").astype(float), float(floats(model, "meta_bias")[0]))
    assert np.allclose(scored.probabilities, learned.probabilities(logits), atol=1e-4)
    assert learned.weights[1] > 0.3 > WRONG.weights[1], "the model that was not listened to"
    card = school.shelf.objects[f"transactions/bundles/{rollout.challenger.version}/card.md"].decode()
    assert "Learned from labels" in card


@pytest.mark.parametrize("champion", [TRUE, WRONG], ids=["good", "poor"])
def test_with_30_percent_of_the_labels_flipped_nothing_gets_through(tmp_path: Path, champion: Meta) -> None:
    school = School(tmp_path, champion, after=200)
    scores, fraud = drawn(1_000, 6)
    before = dict(school.shelf.objects)
    school.teach(scores, flipped(fraud, 0.3, 7))
    assert school.state.last is not None
    assert school.state.last.noise > 0.2
    assert {key: body for key, body in school.shelf.objects.items() if key != KEY} == before


def test_a_challenger_that_is_there_keeps_its_place_and_the_labels_wait(tmp_path: Path) -> None:
    school = School(tmp_path)
    held = Rollout("transactions", school.ref, BundleRef("other", "0" * 64), share=0.1)
    school.shelf.put_rollout(held)
    school.teach(*drawn(650, 5))
    assert school.rollout == held
    assert school.state.new == 650
    school.shelf.put_rollout(Rollout("transactions", school.ref))
    school.failed([])
    assert school.rollout.challenger is not None


def test_a_rollout_that_changes_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    school = School(tmp_path)
    other = Rollout("transactions", school.ref, BundleRef("other", "0" * 64))
    put = school.shelf.put

    def somebody_else_first(key: str, body: bytes, **more: Any) -> str:
        if key == ROLLOUT:
            school.shelf.put_rollout(other)
        return put(key, body, **more)

    school.shelf.put = somebody_else_first  # type: ignore[method-assign]
    school.teach(*drawn(600, 5))
    assert school.rollout == other
    assert school.state.last is not None
    assert school.state.last.published is None


def test_scores_of_other_models_teach_nothing(tmp_path: Path) -> None:
    school = School(tmp_path)
    write_fraud_bundle(school.folder, "v0", **weights_of(TRUE))
    school.shelf.put_bundle(school.folder, "v0", "transactions")
    scores, fraud = drawn(600, 5)
    given = [
        label(school.decided(k, row.tolist(), version="v0"), "fraud" if bad else "legitimate")
        for k, (row, bad) in enumerate(zip(scores, fraud, strict=True))
    ]
    assert school.failed(given) == []
    assert {row.base for row in school.state.rows.values()} == {"v0"}
    assert school.state.last is None


def test_what_cannot_be_taken_in_now_comes_again_from_there_on(tmp_path: Path) -> None:
    school = School(tmp_path)
    owns = [school.decided(k, [0.1] * 4) for k in range(3)]
    calls = iter([None, DependencyDown("store"), None, None])
    tell = school.cards.label

    def sometimes(*arguments: Any) -> None:
        if (error := next(calls)) is not None:
            raise error
        tell(*arguments)

    school.learner._terminals = type("Down", (), {"label": staticmethod(sometimes)})()
    labels = [label(own, "fraud") for own in owns]
    assert school.failed(labels) == ["m1", "m2"]
    assert list(school.state.rows) == owns[:1]
    assert school.failed(labels[1:]) == []
    assert list(school.state.rows) == owns
    assert school.told() == 3.0


def test_a_second_writer_loses_and_its_labels_come_again(tmp_path: Path) -> None:
    school = School(tmp_path)
    own = school.decided(1, [0.1] * 4)
    put = school.shelf.put

    def somebody_else_first(key: str, body: bytes, **more: Any) -> str:
        school.shelf.objects.setdefault(key, json.dumps({"rows": {}}).encode())
        return put(key, body, **more)

    school.shelf.put = somebody_else_first  # type: ignore[method-assign]
    assert school.failed([label(own, "fraud")]) == ["m0"]
    school.shelf.put = put  # type: ignore[method-assign]
    assert school.failed([label(own, "fraud")]) == []
    school.shelf.fail_with = DependencyDown("s3 did not answer")
    assert school.failed([label(own, "fraud")]) == ["m0"]
    assert school.told() == 1.0, "the terminal was told once, however often the label came"


def test_a_label_that_no_row_remembers_is_told_once_and_a_corrected_one_replaces_it(tmp_path: Path) -> None:
    school = School(tmp_path)
    lost = school.decided(1, [0.1] * 4, version="gone")
    for _ in range(5):
        assert school.failed([label(lost, "fraud")]) == []
    assert school.told() == 1.0
    school.failed([label(lost, "legitimate", at=NOW.replace(hour=1))])
    stored = terminals.decode(school.features.held["terminal:m"].data)
    assert (stored.labels_28d, stored.frauds_28d) == (pytest.approx(1.0), pytest.approx(0.0))


def test_the_state_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from lambdas.transactions.learning import state as module

    monkeypatch.setattr(module, "MOST_ROWS", 3)
    state = State()
    for k in (0, 1, 2, 0, 3):
        state.add(module.Row(f"d{k}", "v", [0.0] * 4, fraud=False))
    assert list(state.rows) == ["d2", "d0", "d3"]
