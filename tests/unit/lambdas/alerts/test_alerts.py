"""Alerts: for what is new and asked for, once, in words a person can act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lambdas.alerts.alerts import HOLDS_UP, Alerts
from lambdas.alerts.message import alert_of
from lambdas.core.aws import Message
from lambdas.core.errors import DependencyDown
from tests.support.content_world import ContentWorld
from tests.support.events import CONTEXT, fresh_telemetry
from tests.support.fraud_world import FraudWorld
from tests.support.posts import as_data, png

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


class Topic:
    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Mapping[str, str] | None]] = []
        self.down_after: int | None = None

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        if self.down_after is not None and len(self.sent) >= self.down_after:
            raise DependencyDown("sns did not answer")
        self.sent.append((subject, message, attributes))


class Untold:
    def __init__(self, *, down: bool = False) -> None:
        self.down = down
        self.messages: list[Message] = []

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        if self.down:
            return {0: "sqs did not answer"}
        self.messages += messages
        return {}


def alerts_to(topic: Topic, untold: Untold | None = None, *, after: timedelta = timedelta(0)) -> Alerts:
    """Alerts so long `after` their records came into the stream."""
    return Alerts(topic, untold or Untold(), fresh_telemetry("alerts"), now=lambda: NOON + after)


def inserted(*items: dict[str, Any], kind: str = "INSERT") -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventName": kind,
                "dynamodb": {
                    "SequenceNumber": f"s{k}",
                    "NewImage": item,
                    "ApproximateCreationDateTime": int(NOON.timestamp()),
                },
            }
            for k, item in enumerate(items)
        ]
    }


@pytest.fixture
def declined(tmp_path: Path) -> list[dict[str, Any]]:
    world = FraudWorld(tmp_path)
    for k in range(3):
        world.score(
            transaction_id=f"t{k}", amount=900.0, card_id="4111111111111111", merchant_id="böse",
            latitude=60.0, longitude=100.0, home_latitude=0.0, home_longitude=0.0, category="electronics",
        )  # fmt: skip
    return list(world.table.items.values())


def test_a_decline_is_told_with_what_how_much_and_why(declined: list[dict[str, Any]]) -> None:
    topic = Topic()
    alerts = alerts_to(topic)
    assert alerts(inserted(declined[0]), CONTEXT) == {"batchItemFailures": []}
    ((subject, text, attributes),) = topic.sent
    assert subject.startswith("Triage: transaction, decline, 900.00 USD, fraud probability ")
    assert subject.isascii()
    assert len(subject) <= 100
    assert attributes == {"outcome": "decline", "service": "transactions"}
    for expected in ("amount: 900.00 USD", "merchant: böse", "km from home", "card: 411111…1111", "Why:"):
        assert expected in text, text
    assert "4111111111111111" not in text
    assert "http" not in text
    assert declined[0]["id"]["S"] in text


def test_only_what_is_marked_is_told_and_no_label_of_it(declined: list[dict[str, Any]]) -> None:
    topic = Topic()
    alerts = alerts_to(topic)
    labelled = [{**item, "label": {"S": "fraud"}} for item in declined]
    alerts(inserted(*labelled, kind="MODIFY"), CONTEXT)
    alerts(inserted({**declined[0], "alert": {"S": "told"}}, kind="MODIFY"), CONTEXT)
    alerts(inserted({name: value for name, value in declined[0].items() if name != "alert"}), CONTEXT)
    alerts({"Records": [{"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "1"}}]}, CONTEXT)
    assert topic.sent == []


def test_what_was_provisional_alerts_when_it_is_amended(declined: list[dict[str, Any]]) -> None:
    topic = Topic()
    alerts_to(topic)(inserted(declined[0], kind="MODIFY"), CONTEXT)
    assert len(topic.sent) == 1


def test_what_the_topic_did_not_take_comes_again_from_there_on(declined: list[dict[str, Any]]) -> None:
    topic = Topic()
    topic.down_after = 1
    alerts = alerts_to(topic)
    assert alerts(inserted(*declined), CONTEXT) == {"batchItemFailures": [{"itemIdentifier": "s1"}]}
    assert len(topic.sent) == 1


def test_an_alert_holds_up_the_others_for_a_while_and_is_then_kept_whole(
    declined: list[dict[str, Any]],
) -> None:
    topic, untold = Topic(), Untold()
    topic.down_after = 0
    soon = alerts_to(topic, untold, after=HOLDS_UP - timedelta(seconds=1))
    assert soon(inserted(*declined), CONTEXT) == {"batchItemFailures": [{"itemIdentifier": "s0"}]}
    assert untold.messages == []
    late = alerts_to(topic, untold, after=HOLDS_UP)
    assert late(inserted(*declined), CONTEXT) == {"batchItemFailures": []}
    assert [item["id"]["S"] in message.body for item, message in zip(declined, untold.messages, strict=True)]
    assert untold.messages[0].body.startswith("Triage: transaction, decline, 900.00 USD")
    assert untold.messages[0].attributes == {"outcome": "decline", "service": "transactions"}


def test_an_alert_that_nobody_takes_comes_again(declined: list[dict[str, Any]]) -> None:
    topic = Topic()
    topic.down_after = 0
    alerts = alerts_to(topic, Untold(down=True), after=HOLDS_UP)
    assert alerts(inserted(*declined), CONTEXT) == {"batchItemFailures": [{"itemIdentifier": "s0"}]}


def test_a_decision_that_cannot_be_read_is_told_all_the_same(declined: list[dict[str, Any]]) -> None:
    topic = Topic()
    alerts = alerts_to(topic)
    alerts(inserted({**declined[0], "answer": {"S": "{"}}, declined[1]), CONTEXT)
    assert len(topic.sent) == 2
    assert declined[0]["id"]["S"] in topic.sent[0][1]


def test_another_service_is_told_in_its_own_words() -> None:
    answer = {
        "decision_id": "tickets.1", "decided_at": "2026", "outcome": "Complaint", "confidence": 0.91,
        "reasons": ["both are plausible"], "source": "rules", "degraded": ["model"],
    }  # fmt: skip
    alert = alert_of("tickets", {"subject": "hello", "body": "x\ny"}, answer)
    assert alert.subject == "Triage: ticket, Complaint, confidence 0.910"
    assert "- both are plausible\n- without: model" in alert.text
    assert "by the rules" in alert.text


def test_a_post_is_told_by_its_policies_and_its_picture_is_not_shown(tmp_path: Path) -> None:
    world = ContentWorld(tmp_path)
    decision = world.moderate(text="kill", image=as_data(png()), author_id="ana")
    topic = Topic()
    alerts_to(topic)(inserted(world.table.items[decision.decision_id]), CONTEXT)
    ((subject, text, _),) = topic.sent
    assert subject.startswith("Triage: content, remove")
    assert "- threat (severe): probability 0.99" in text
    assert "image: image/png, " in text
    assert "kept/" not in text
