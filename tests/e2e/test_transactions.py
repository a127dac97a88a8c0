"""The deployed transactions: by API and on the stream, on good days and on bad ones, with a real Valkey."""

from __future__ import annotations

import json
import math
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lambdas.core.service import decision_id
from local import daemon, inbox, redrive, running, streaming
from local.events import Event
from local.place import Place
from local.progress import Steps
from local.stack import Stack
from model_build.publish import publish
from tests.conftest import TrainedTransactions
from tests.support.fraud_bundles import write_fraud_bundle

SCORE, BATCH = "/v1/transactions:score", "/v1/transactions:scoreBatch"


def eventually(look: Callable[[], Any], what: str, seconds: float = 90.0) -> Any:
    """What `look` returns once that is true; fails when it stays false for `seconds`."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what}: not in {seconds:.0f} s"
        pause.wait(0.2)
    return found


def fresh(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:12]}"


def score(stack: Stack, **said: Any) -> dict[str, Any]:
    answer = stack.call("POST", SCORE, {"card_id": "c", "amount": 20.0, **said})
    assert answer.status == 200, answer.body
    decision: dict[str, Any] = answer.json()
    return decision


def event(card: str, own: str | None = None, **said: Any) -> Event:
    own = own or fresh("t")
    return Event(json.dumps({"transaction_id": own, "card_id": card, "amount": 20.0, **said}), card, own)


def send(stack: Stack, events: list[Event]) -> list[str]:
    return streaming.to_queue(stack.endpoint, stack.output("TransactionsQueueUrl"), events, lambda _: None)


def answers(stack: Stack, ids: list[str]) -> dict[str, dict[str, Any]]:
    """What was decided of `ids` so far."""
    found = streaming.decided(stack.endpoint, stack.output("DecisionsTable"), ids)
    return {own: json.loads(item["answer"]["S"]) for own, item in found.items()}


def all_decided(stack: Stack, ids: list[str], seconds: float = 60.0) -> dict[str, dict[str, Any]]:
    eventually(lambda: len(answers(stack, ids)) == len(ids), f"{len(ids)} decisions", seconds)
    return answers(stack, ids)


def seen_before(answer: dict[str, Any]) -> int:
    """How many events of its card the profile had seen: a lost, doubled or overtaken one would show."""
    return round(math.expm1(answer["features"]["log_events"]))


def dead_letters(stack: Stack) -> list[redrive.DeadLetter]:
    """What lies among the dead letters; left there for others to see."""
    sqs = stack.client("sqs")
    url = streaming.queue_url(sqs, stack.output("TransactionsDeadLettersUrl"))
    found = list(redrive.letters(sqs, url))
    redrive.put_back(sqs, found, url)
    return found


class TestByApi:
    """Given the live endpoint."""

    def test_a_transaction_is_scored_on_its_cards_history(self, stack: Stack) -> None:
        card = fresh("card")
        first, second = (score(stack, card_id=card, merchant_id=f"m{n}") for n in range(2))
        for answer in (first, second):
            assert (answer["source"], answer["variant"], answer["degraded"]) == ("model", "champion", [])
            assert answer["outcome"] in {"approve", "review", "decline"}
            assert set(answer["scores"]) == {"xgboost", "lightgbm", "mlp", "isolation_forest"}
            assert 0.0 <= answer["probability"] <= 1.0
        assert first["features"]["mean_amount_30d"] is None
        assert second["features"]["mean_amount_30d"] == pytest.approx(20.0)
        assert (seen_before(first), seen_before(second)) == (0, 1)

    def test_a_retry_gets_the_same_answer_and_other_content_a_409(self, stack: Stack) -> None:
        said = {"card_id": fresh("card"), "transaction_id": fresh("t")}
        first = score(stack, **said)
        assert score(stack, **said) == first
        assert seen_before(score(stack, card_id=said["card_id"])) == 1, "a retry is no event"
        conflict = stack.call("POST", SCORE, {**said, "amount": 21.0})
        assert conflict.status == 409
        assert conflict.headers["content-type"].startswith("application/problem+json")

    def test_a_batch_is_in_order_per_card(self, stack: Stack) -> None:
        card = fresh("card")
        asked = {"transactions": [{"card_id": card, "amount": 5.0 + n} for n in range(40)]}
        decisions = stack.call("POST", BATCH, asked).json()["decisions"]
        assert [seen_before(answer) for answer in decisions] == list(range(40))

    @pytest.mark.parametrize(
        ("path", "body", "status", "field"),
        [
            (SCORE, {"amount": 1}, 400, "card_id"),
            (SCORE, {"card_id": "", "amount": 1}, 400, "card_id"),
            (SCORE, {"card_id": "c"}, 400, "amount"),
            (SCORE, {"card_id": "c", "amount": -1}, 400, "amount"),
            (SCORE, {"card_id": "c", "amount": 1e12}, 400, "amount"),
            (SCORE, b'{"card_id": "c", "amount": NaN}', 400, "$"),
            (SCORE, b'{"card_id": "c", "amount": 1e999}', 400, "amount"),
            (SCORE, {"card_id": "c", "amount": 1, "currency": "XYZ"}, 400, "currency"),
            (SCORE, {"card_id": "c", "amount": 1, "at": "2999-01-01T00:00:00Z"}, 400, "at"),
            (SCORE, {"card_id": "c", "amount": 1, "at": "1999-01-01T00:00:00Z"}, 400, "at"),
            (SCORE, {"card_id": "c", "amount": 1, "at": "2026-01-01T00:00:00"}, 400, "at"),
            (SCORE, {"card_id": "c", "amount": 1, "latitude": 5}, 400, "longitude"),
            (SCORE, {"card_id": "c", "amount": 1, "cvv": "123"}, 400, "cvv"),
            (BATCH, {"transactions": []}, 400, "transactions"),
            (BATCH, {"transactions": [{"card_id": "c", "amount": 1}] * 101}, 400, "transactions"),
            (
                BATCH,
                {"transactions": [{"card_id": "c", "amount": 1}, {"card_id": "c", "amount": 0}]},
                400,
                "transactions[1].amount",
            ),
        ],
        ids=str,
    )
    def test_bad_input_is_a_problem_that_names_the_field(
        self, stack: Stack, path: str, body: Any, status: int, field: str
    ) -> None:
        answer = stack.call("POST", path, body)
        problem = answer.json()
        assert (answer.status, problem.get("field")) == (status, field), problem
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert problem["detail"]

    def test_a_decision_is_explained_as_numbers_and_as_a_drawing(self, stack: Stack) -> None:
        said = score(stack, card_id=fresh("card"), transaction_id=fresh("t"), amount=900.0)
        path = f"/v1/transactions/{said['transaction_id']}/explanation"
        found = stack.call("GET", path).json()
        assert found["decided_probability"] == said["probability"]
        effects = sum(each["effect"] for each in found["contributions"])
        assert found["base"] + effects == pytest.approx(found["probability"], abs=1e-6)
        assert {each["feature"] for each in found["contributions"]} == set(said["features"])
        drawn = stack.call("GET", path, headers={"accept": "image/svg+xml"})
        assert drawn.headers["content-type"].startswith("image/svg+xml")
        assert drawn.body.startswith(b"<svg")
        assert stack.call("GET", f"/v1/transactions/{fresh('no')}/explanation").status == 404

    def test_a_label_stands_and_only_its_giver_changes_it(self, stack: Stack) -> None:
        said = score(stack, card_id=fresh("card"))
        path = f"/v1/decisions/{said['decision_id']}/label"
        given = stack.call("POST", path, {"label": "fraud", "by": "ana"})
        assert (given.status, given.json()["label"]) == (200, "fraud"), given.body
        assert stack.call("POST", path, {"label": "legitimate", "by": "ben"}).status == 409
        assert stack.call("POST", path, {"label": "legitimate", "by": "ana"}).status == 200
        unknown = stack.call("POST", path, {"label": "maybe", "by": "ana"})
        assert (unknown.status, unknown.json()["field"]) == (400, "label")
        assert (
            stack.call("POST", f"/v1/decisions/{fresh('no')}/label", {"label": "x", "by": "a"}).status == 404
        )
        item = stack.client("dynamodb").get_item(
            TableName=stack.output("DecisionsTable"), Key={"id": {"S": said["decision_id"]}}
        )["Item"]
        assert (item["label"]["S"], item["label_by"]["S"]) == ("legitimate", "ana")

    def test_the_document_tells_of_the_new_routes(self, stack: Stack) -> None:
        paths = stack.call("GET", "/v1/openapi.json").json()["paths"]
        assert {SCORE, BATCH, "/v1/transactions/{id}/explanation", "/v1/decisions/{id}/label"} <= set(paths)


def test_the_learner_takes_its_services_labels_from_the_queue(stack: Stack) -> None:
    """Given a label of a transaction and one of a ticket; Then the queue is empty, and learning knows one."""
    said = score(stack, card_id=fresh("card"), merchant_id=fresh("m"))
    ticket = stack.call("POST", "/v1/tickets:classify", {"body": "please refund my invoice"}).json()
    for decision, label in ((said, "fraud"), (ticket, ticket["outcome"])):
        path = f"/v1/decisions/{decision['decision_id']}/label"
        given = stack.call("POST", path, {"label": label, "by": "ana"})
        assert given.status == 200, given.body
    s3 = stack.client("s3")

    def learned() -> str:
        listed = s3.list_objects_v2(Bucket=stack.bucket, Prefix="transactions/learning/").get("Contents", [])
        return "".join(
            s3.get_object(Bucket=stack.bucket, Key=each["Key"])["Body"].read().decode() for each in listed
        )

    eventually(lambda: said["decision_id"] in learned(), "the label in what learning remembers")
    url = stack.output("LabelQueueUrl")
    eventually(lambda: streaming.waiting(stack.endpoint, url) == 0, "an empty label queue")
    assert ticket["decision_id"] not in learned()


class TestOnTheStream:
    """Given the queue."""

    def test_each_is_decided_once_and_in_order_and_poison_lies_apart(self, stack: Stack) -> None:
        """Given 300 events of 15 cards with three poison records among them, and 30 of them sent twice."""
        cards = [fresh("card") for _ in range(15)]
        good = [event(cards[n % 15], amount=5.0 + n) for n in range(300)]
        marks = [fresh("poison") for _ in range(3)]
        poison = [
            Event(f'{{"card_id": "{cards[0]}", not json {marks[0]}', cards[0], marks[0]),
            event(cards[1], marks[1], amount=-5),
            event(cards[2], marks[2], currency="XYZ"),
        ]
        mixed = [*good[:100], poison[0], *good[100:200], poison[1], *good[200:], poison[2]]
        again = [one._replace(body=f"{one.body} ") for one in good[::10]]  # or SQS itself would drop them
        send(stack, [*mixed, *again])
        found = all_decided(stack, [one.own for one in good])
        eventually(lambda: waiting(stack) == 0, "an empty queue")
        for number, card in enumerate(cards):
            own = [seen_before(found[one.own]) for one in good[number::15]]
            assert own == list(range(20)), f"{card}: every event once, and in order"
            assert seen_before(score(stack, card_id=card)) == 20, "what came twice is no event"
        letters = eventually(lambda: with_marks(stack, marks), "the dead letters")
        told = [(letter.reason, letter.field) for letter in letters]
        assert told == [
            ("Invalid request", "$"),
            ("Invalid request", "amount"),
            ("Invalid request", "currency"),
        ]
        assert all(letter.detail for letter in letters)

    def test_what_came_by_api_is_not_decided_anew_on_the_stream(self, stack: Stack) -> None:
        card, own = fresh("card"), fresh("t")
        first = score(stack, card_id=card, transaction_id=own)
        send(stack, [event(card, own), event(card, own, amount=99.0)])
        mark = eventually(lambda: with_marks(stack, [own]), "the letter of the other content")
        assert mark[0].reason == "Conflict"
        assert answers(stack, [own])[own] == first

    def test_redrive_sends_back_what_can_be_decided_now(self, stack: Stack) -> None:
        """Given a good record that SQS gave up, and a poison one; When redriven; Then the latter is back."""
        card, bad = fresh("card"), fresh("poison")
        good = event(card)
        sqs = stack.client("sqs")
        dead, source = redrive.urls(sqs, "transactions")
        sqs.send_message(
            QueueUrl=dead, MessageBody=good.body, MessageGroupId=card, MessageDeduplicationId=fresh("d")
        )
        send(stack, [event(card, bad, amount=0)])
        eventually(lambda: with_marks(stack, [bad, good.own]), "two dead letters")
        found = [x for x in redrive.letters(sqs, dead) if bad in x.body or good.own in x.body]
        text = StringIO()
        redrive.show(Console(file=text, width=200), found)
        assert "given up" in text.getvalue()
        assert "Invalid request at amount" in text.getvalue()
        assert redrive.send_back(sqs, found, dead, source) == 2
        assert good.own in all_decided(stack, [good.own])
        letters = eventually(lambda: with_marks(stack, [bad], at_once=True), "the poison is back")
        assert letters[0].field == "amount"
        assert not [letter for letter in dead_letters(stack) if good.own in letter.body]


def waiting(stack: Stack) -> int:
    return streaming.waiting(stack.endpoint, stack.output("TransactionsQueueUrl"))


def with_marks(stack: Stack, marks: list[str], *, at_once: bool = False) -> list[redrive.DeadLetter]:
    """The dead letters that hold `marks`, in that order; none until all are there."""
    by_mark = {mark: each for each in dead_letters(stack) for mark in marks if mark in each.body}
    return [by_mark[mark] for mark in marks] if len(by_mark) == len(marks) else []


@pytest.fixture
def sensitive(stack: Stack, tmp_path: Path, trained_transactions: TrainedTransactions) -> Iterator[str]:
    """A tiny model that declines large amounts in a row is live; the session's is put back after."""
    version = f"20990101T000000Z-{uuid.uuid4().hex[:8]}"
    write_fraud_bundle(tmp_path, version)
    publish(tmp_path / version, "transactions", stack.bucket, client=stack.client("s3"))
    try:
        eventually(lambda: score(stack)["model_version"] == version, "the tiny model")
        yield version
    finally:
        publish(trained_transactions.bundle, "transactions", stack.bucket, client=stack.client("s3"))


@pytest.mark.usefixtures("sensitive")
def test_a_decline_is_told_at_once_and_an_approval_is_not(stack: Stack, tmp_path: Path) -> None:
    card = fresh("card")
    for _ in range(7):
        score(stack, card_id=card)
    said = score(stack, card_id=card, transaction_id=fresh("t"), amount=300.0, merchant_id="m")
    small = score(stack, card_id=fresh("card"), amount=0.01)
    assert (said["outcome"], small["outcome"] == "decline") == ("decline", False)
    assert said["top_reasons"]
    url, kept = stack.output("AlertInboxQueueUrl"), tmp_path / "inbox.jsonl"

    def told() -> list[inbox.Mail]:
        inbox.fetch(stack.endpoint, url, kept)
        return [mail for mail in inbox.read(kept) if said["decision_id"] in mail.text]

    (mail,) = eventually(told, "the alert")
    assert "decline" in mail.subject
    assert card in mail.text
    assert small["decision_id"] not in "".join(each.text for each in inbox.read(kept))
    assert decision_id("transactions", said["transaction_id"]) == said["decision_id"]


def test_without_the_feature_store_answers_are_degraded_and_are_caught_up_with(
    stack: Stack, laptop: Place
) -> None:
    """Given Valkey is stopped; When it is back; Then no event is missing from the card's history."""
    card = fresh("card")
    assert score(stack, card_id=card)["degraded"] == []
    daemon.stop(running.beside(laptop)["valkey"])
    on_the_stream = send(stack, [event(card)])
    blind = [score(stack, card_id=card) for _ in range(3)]
    assert all(answer["degraded"] == ["feature_store"] for answer in blind)
    assert all(answer["features"]["log_events"] is None for answer in blind)
    assert all_decided(stack, on_the_stream)[on_the_stream[0]]["degraded"] == ["feature_store"]
    text = StringIO()
    running.start_valkey(laptop, running.require(laptop), Steps(Console(file=text)))
    assert "Valkey ended by itself" in text.getvalue()

    asked = [0]

    def caught_up() -> bool:
        answer = score(stack, card_id=card)
        asked[0] += 1
        return answer["degraded"] == [] and seen_before(answer) == 5 + asked[0] - 1

    eventually(caught_up, "1 + 3 + 1 events, and those asked since")


@pytest.fixture
def kafka(stack: Stack, laptop: Place) -> Iterator[daemon.Daemon]:
    """The broker and the poller beside the stack."""
    running.start_kafka(laptop, running.require(laptop), Steps(Console(file=StringIO())))
    there = running.beside(laptop)
    try:
        yield there["broker"]
    finally:
        for name in ("poller", "broker"):
            daemon.stop(there[name])
        running.update(laptop, broker=None, poller=None)


def test_on_kafka_each_is_decided_once_in_order_and_offsets_follow(
    stack: Stack, kafka: daemon.Daemon
) -> None:
    from confluent_kafka import Consumer, TopicPartition

    from local import kafka as broker

    cards = [fresh("card") for _ in range(5)]
    good = [event(cards[n % 5]) for n in range(100)]
    bad = event(cards[0], fresh("poison"), amount=-1)
    streaming.to_kafka(kafka, [*good[:50], bad, *good[50:]], lambda _: None)
    found = all_decided(stack, [one.own for one in good])
    for number in range(5):
        assert [seen_before(found[one.own]) for one in good[number::5]] == list(range(20))
    (letter,) = eventually(lambda: with_marks(stack, [bad.own]), "the dead letter")
    assert letter.field == "amount"
    reader = Consumer(
        {"bootstrap.servers": broker.bootstrap(kafka), "group.id": broker.FUNCTION, "log_level": 2}
    )
    parts = [TopicPartition(broker.TOPIC, number) for number in range(broker.PARTITIONS)]

    def committed() -> bool:
        return sum(max(part.offset, 0) for part in reader.committed(parts, timeout=10)) == 101

    try:
        eventually(committed, "the commits of all that was read")
    finally:
        reader.close()
