"""Labels: on the decision, of the service's own classes, and told to the learner."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdas.core.aws import Message
from lambdas.core.errors import Conflict, DependencyDown, InvalidRequest, NotFound
from lambdas.core.http import Asked
from lambdas.core.labelling import Labelling, Vocabulary
from lambdas.labels.route import LabelRoute
from lambdas.labels.schema import LabelRequest, LabelResponse
from tests.support.fraud_world import FraudWorld


class Outbox:
    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.down = False

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        if self.down:
            return {0: "sqs did not answer"}
        self.sent += messages
        return {}


class Desk:
    def __init__(self, tmp_path: Path) -> None:
        self.world, self.outbox = FraudWorld(tmp_path), Outbox()
        self.decision = self.world.score(transaction_id="t")
        now = datetime(2026, 6, 2, tzinfo=UTC)
        self.route = LabelRoute(Labelling(self.world.log, self.world.shelf, self.outbox, now=lambda: now))

    def label(self, label: str, by: str = "ana", own: str | None = None) -> LabelResponse:
        asked = Asked(LabelRequest(label, by), {"id": own or self.decision.decision_id}, {}, {})
        return self.route(asked)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_label_stands_on_the_decision_and_the_learner_is_told(desk: Desk) -> None:
    answer = desk.label("fraud")
    assert (answer.label, answer.by, answer.at) == ("fraud", "ana", "2026-06-02T00:00:00+00:00")
    stands = desk.world.log.get(desk.decision.decision_id).label
    assert stands is not None
    assert stands.label == "fraud"
    (message,) = desk.outbox.sent
    assert message.group == "transactions"
    assert json.loads(message.body) == {
        "decision_id": desk.decision.decision_id, "service": "transactions", "label": "fraud",
        "at": "2026-06-02T00:00:00Z", "by": "ana",
    }  # fmt: skip


def test_what_is_no_class_is_refused_and_nothing_written(desk: Desk) -> None:
    with pytest.raises(InvalidRequest, match="none of legitimate, fraud") as caught:
        desk.label("Fraud")
    assert caught.value.field == "label"
    assert desk.world.log.get(desk.decision.decision_id).label is None


def test_without_a_manifest_any_label_is_taken(desk: Desk) -> None:
    desk.world.shelf.objects.clear()
    assert desk.label("whatever").label == "whatever"


def test_the_live_classes_count_when_the_version_is_gone(desk: Desk) -> None:
    item = desk.world.table.items[desk.decision.decision_id]
    item["version"] = {"S": "gone"}
    with pytest.raises(InvalidRequest):
        desk.label("whatever")


def test_a_mind_may_be_changed_but_not_anothers(desk: Desk) -> None:
    desk.label("fraud")
    desk.label("legitimate")
    with pytest.raises(Conflict, match="'legitimate'"):
        desk.label("fraud", by="bo")
    assert len(desk.outbox.sent) == 2


def test_an_unknown_decision(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.label("fraud", own="transactions.nothing")


def test_a_queue_that_is_down_is_said_and_sending_again_is_safe(desk: Desk) -> None:
    desk.outbox.down = True
    with pytest.raises(DependencyDown, match="send it again"):
        desk.label("fraud")
    desk.outbox.down = False
    assert desk.label("fraud").label == "fraud"
    assert len(desk.outbox.sent) == 1


def test_several_words_are_one_label_in_the_order_of_the_vocabulary() -> None:
    words = Vocabulary(("ok", "toxicity", "threat"), several=True)
    assert words.checked("threat, toxicity") == words.checked("toxicity,threat") == "toxicity,threat"
    assert words.checked("ok") == "ok"
    for wrong in ("ok,threat", "threat,threat", "rude", "", "threat,"):
        with pytest.raises(InvalidRequest) as caught:
            words.checked(wrong)
        assert caught.value.field == "label"


def test_one_word_services_take_no_commas() -> None:
    with pytest.raises(InvalidRequest):
        Vocabulary(("legitimate", "fraud")).checked("fraud,legitimate")


def test_the_vocabulary_of_a_manifest_is_its_labels_where_it_has_some(desk: Desk) -> None:
    item = desk.world.table.items[desk.decision.decision_id]
    (key,) = [key for key in desk.world.shelf.objects if key.endswith("manifest.json")]
    manifest = json.loads(desk.world.shelf.objects[key])
    manifest["settings"]["labels"] = ["ok", "fraud", "other"]
    desk.world.shelf.objects[key] = json.dumps(manifest).encode()
    assert desk.label("other,fraud").label == "fraud,other"
    assert item["label"] == {"S": "fraud,other"}
