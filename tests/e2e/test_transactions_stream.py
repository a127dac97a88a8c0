"""The deployed transactions on a stream: SQS, Kafka, Kinesis, redrive, and a feature store that goes down."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console

from local import daemon, redrive, running, streaming
from local.events import Event
from local.place import Place
from local.progress import Steps
from local.stack import Stack
from tests.e2e.transactions import (
    all_decided,
    answers,
    dead_letters,
    event,
    eventually,
    fresh,
    score,
    seen_before,
    send,
    waiting,
    with_marks,
)


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


@pytest.fixture
def kinesis(stack: Stack) -> Iterator[str]:
    """A stream of one shard before the stack's function, as `-c stream=kinesis` puts it there."""
    name, client, functions = fresh("stream"), stack.client("kinesis"), stack.client("lambda")
    client.create_stream(StreamName=name, ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    arn = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    made = functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="triage-transactions-stream", StartingPosition="TRIM_HORIZON",
        BatchSize=100, FunctionResponseTypes=["ReportBatchItemFailures"],
    )  # fmt: skip
    try:
        yield name
    finally:
        functions.delete_event_source_mapping(UUID=made["UUID"])
        client.delete_stream(StreamName=name)


def test_on_kinesis_each_is_decided_once_and_in_order(stack: Stack, kinesis: str) -> None:
    cards = [fresh("card") for _ in range(5)]
    good = [event(cards[n % 5]) for n in range(100)]
    bad = event(cards[0], fresh("poison"), currency="XYZ")
    records = [*good[:50], bad, *good[50:], good[7]]
    stack.client("kinesis").put_records(
        StreamName=kinesis,
        Records=[{"Data": each.body.encode(), "PartitionKey": each.card} for each in records],
    )
    found = all_decided(stack, [one.own for one in good])
    for number in range(5):
        assert [seen_before(found[one.own]) for one in good[number::5]] == list(range(20))
    (letter,) = eventually(lambda: with_marks(stack, [bad.own]), "the dead letter")
    assert letter.field == "currency"
