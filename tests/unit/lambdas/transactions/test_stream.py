"""The stream: one handler for three shapes; poison goes away with its reason, order holds, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lambdas.core.errors import DependencyDown
from lambdas.transactions.dead_letters import Letter
from lambdas.transactions.profile import decode
from lambdas.transactions.streaming import AT_ONCE, Stream
from tests.support.events import CONTEXT
from tests.support.fraud_world import FraudWorld
from tests.support.streams import Body, kafka_event, kinesis_event, sqs_event

SHAPES = {"sqs": sqs_event, "kinesis": kinesis_event, "kafka": kafka_event}


class Letterbox:
    """Keeps what it is sent, or takes nothing while `down`."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.down = False

    def send(self, letters: Sequence[Letter]) -> dict[int, str]:
        if self.down:
            return dict.fromkeys(range(len(letters)), "sqs did not answer")
        self.letters += letters
        return {}


class Streamed(FraudWorld):
    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path)
        self.folder = tmp_path
        self.letterbox = Letterbox()
        self.stream = Stream(self.decider, self.letterbox, self.telemetry)

    def failed(self, event: dict[str, Any]) -> list[Any]:
        return [each["itemIdentifier"] for each in self.stream(event, CONTEXT)["batchItemFailures"]]

    def seen_features(self) -> list[dict[str, float | None]]:
        return [json.loads(item["answer"]["S"])["features"] for item in self.table.items.values()]

    def log_rests(self) -> None:
        """As if the breaker of the decision log had waited long enough."""
        self.decider._log_breaker._failed = 0

    def decided(self) -> list[str]:
        return [json.loads(item["asked"]["S"])["transaction_id"] for item in self.table.items.values()]


@pytest.fixture
def world(tmp_path: Path) -> Streamed:
    return Streamed(tmp_path)


def body(number: int, **more: object) -> dict[str, object]:
    return {"card_id": f"c{number % 3}", "amount": 10.0, "transaction_id": f"t{number}", **more}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_every_record_is_decided_in_order(world: Streamed, shape: Callable[..., Any]) -> None:
    assert world.failed(shape([body(k) for k in range(9)])) == []
    assert world.decided() == [f"t{k}" for k in range(9)]
    counts = [json.loads(item["answer"]["S"])["features"]["count_1h"] for item in world.table.items.values()]
    assert counts == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert world.letterbox.letters == []


POISON: list[tuple[Body, str, str]] = [
    ("{", "Invalid request", "$"),
    ("", "Invalid request", "$"),
    ({"card_id": "c", "transaction_id": "x"}, "Invalid request", "amount"),
    ({"card_id": "c", "amount": -1, "transaction_id": "x"}, "Invalid request", "amount"),
    ({"card_id": "c", "amount": 1e12, "transaction_id": "x"}, "Invalid request", "amount"),
    ('{"card_id":"c","amount":NaN,"transaction_id":"x"}', "Invalid request", "$"),
    ({"card_id": "c", "amount": 1.0}, "Invalid request", "transaction_id"),
    (body(7, currency="ABC"), "Invalid request", "currency"),
    (body(7, at="2030-01-01T00:00:00Z"), "Invalid request", "at"),
    (body(7, at="2001-01-01T00:00:00Z"), "Invalid request", "at"),
    (body(0, amount=99.0), "Conflict", "$"),
]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
@pytest.mark.parametrize(("poison", "reason", "field"), POISON)
def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on(
    world: Streamed, shape: Callable[..., Any], poison: Body, reason: str, field: str
) -> None:
    assert world.failed(shape([body(0), poison, body(1)])) == []
    assert world.decided() == ["t0", "t1"]
    (letter,) = world.letterbox.letters
    assert (letter.error.title, letter.error.field or "$") == (reason, field)
    assert letter.error.detail


def test_bytes_that_are_no_text_and_empty_records_are_poison(world: Streamed) -> None:
    assert world.failed(kinesis_event([b"\xff\xfe\x00", None, body(1)])) == []
    assert world.failed(kafka_event([b"\xff\xfe\x00", None, body(2)])) == []
    broken = kinesis_event([body(3)])
    broken["Records"][0]["kinesis"]["data"] = "***"
    assert world.failed(broken) == []
    assert len(world.letterbox.letters) == 5
    assert world.decided() == ["t1", "t2"]


def test_a_record_that_comes_again_is_decided_once(world: Streamed) -> None:
    bodies = [body(k) for k in range(6)]
    for _ in range(3):
        assert world.failed(sqs_event(bodies)) == []
    assert world.failed(kafka_event([bodies[0], bodies[0], bodies[5]])) == []
    assert len(world.table.items) == 6
    assert world.letterbox.letters == []


def test_a_log_that_is_down_fails_everything_and_writes_nothing_later(world: Streamed) -> None:
    world.table.fail_with = DependencyDown("dynamodb did not answer")
    bodies = [body(k) for k in range(5)]
    assert world.failed(sqs_event([*bodies, "{"])) == [f"m{k}" for k in range(5)]
    assert world.failed(kinesis_event(bodies)) == [str(1000 + k) for k in range(5)]
    partition = {"partition": "transactions-0"}
    assert world.failed(kafka_event(bodies)) == [{**partition, "offset": k} for k in range(5)]
    assert len(world.letterbox.letters) == 1, "poison is done with all the same"
    world.table.fail_with = None
    world.decider._log_breaker._failed = 0
    assert world.failed(sqs_event(bodies)) == []
    seen = {key: decode(stored.data).seen for key, stored in world.features.held.items()}
    assert seen == {"card:c0": 2, "card:c1": 2, "card:c2": 1}, "what comes again was folded once"


def test_after_a_failed_part_the_rest_of_a_long_batch_is_not_tried(world: Streamed) -> None:
    whole = world.table.call

    def until_second_part(operation: str, ask: dict[str, Any]) -> dict[str, Any]:
        if len(world.table.items) >= AT_ONCE:
            raise DependencyDown("throttled")
        return whole(operation, ask)

    world.table.call = until_second_part  # type: ignore[method-assign]
    bodies = [body(k) for k in range(AT_ONCE + 20)]
    assert world.failed(kinesis_event(bodies)) == [str(1000 + k) for k in range(AT_ONCE, AT_ONCE + 20)]
    assert world.decided() == [f"t{k}" for k in range(AT_ONCE)]


def test_poison_that_the_dead_letters_do_not_take_comes_again_and_its_group_with_it(world: Streamed) -> None:
    world.letterbox.down = True
    event = sqs_event([body(0), body(1, currency="ABC"), body(4), body(2)])
    assert world.failed(event) == ["m1", "m2"], "m2 is of the same card"
    world.letterbox.down = False
    assert world.failed(event) == []
    assert sorted(world.decided()) == ["t0", "t2", "t4"]
    assert len(world.letterbox.letters) == 1


def test_without_a_model_the_rules_decide_and_the_stream_goes_on(world: Streamed) -> None:
    world.shelf.objects.clear()
    assert world.failed(sqs_event([body(0)])) == []
    (item,) = world.table.items.values()
    assert (item["source"]["S"], item["review"]["BOOL"]) == ("rules", True)


def test_an_empty_batch_and_a_strange_one(world: Streamed) -> None:
    assert world.failed({"records": {}}) == []
    with pytest.raises(Exception, match="no stream sends such an event"):
        world.stream({"Records": [{"eventSource": "aws:s3"}]}, CONTEXT)


def test_what_comes_again_after_the_log_was_down_is_decided_on_the_same_features(world: Streamed) -> None:
    spent = [
        body(k, card_id="c", amount=10.0 + 40 * k, merchant_id=f"m{k}", category=f"kind {k}")
        for k in range(40)
    ]
    other = Streamed(world.folder / "other")
    assert other.failed(kinesis_event(spent)) == []
    world.table.fail_with = DependencyDown("told to fail")
    for _ in range(2):
        assert len(world.failed(kinesis_event(spent))) == 40
    assert world.features.held == {}, "no profile has seen what was not decided"
    world.table.fail_with = None
    world.log_rests()
    assert world.failed(kinesis_event(spent)) == []
    assert world.seen_features() == other.seen_features()
    assert decode(world.features.held["card:c"].data).seen == 40


def test_a_function_that_died_before_the_profiles_were_written_is_made_up_for(world: Streamed) -> None:
    world.features.write_fails = True
    assert world.failed(sqs_event([body(1, card_id="c")])) == []
    world.waiting.updates.clear()  # as if it had died before it could queue the update, too
    world.features.write_fails = False
    assert world.failed(sqs_event([body(1, card_id="c")])) == []
    assert decode(world.features.held["card:c"].data).seen == 1


def test_an_id_that_was_used_before_leaves_no_trace_in_another_cards_profile(world: Streamed) -> None:
    assert world.failed(sqs_event([body(1, card_id="c")])) == []
    assert world.failed(sqs_event([body(1, card_id="d")])) == []
    assert [letter.error.title for letter in world.letterbox.letters] == ["Conflict"]
    assert list(world.features.held) == ["card:c"]
