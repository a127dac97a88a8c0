"""Updates that wait: in the queue, in the log when there is no queue, and behind the queue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from lambdas.core.aws import Message
from lambdas.transactions.cards import Cards
from lambdas.transactions.later import CatchUpQueue, Update, message_of, update_of
from lambdas.transactions.profile import decode
from tests.support.stores import MemoryStore
from tests.support.transactions import Lines, Waiting, offline, stream


class Refusing:
    """A queue that does not take some messages."""

    def __init__(self, *refused: int) -> None:
        self.refused = refused
        self.taken: list[Message] = []

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        self.taken += [message for index, message in enumerate(messages) if index not in self.refused]
        return dict.fromkeys(self.refused, "throttled")


@pytest.mark.parametrize("update", stream(5, cards=2))
def test_an_update_survives_its_message(update: Update) -> None:
    message = message_of(update)
    assert update_of(message.body) == update
    assert len(message.group) == 32
    assert len(message.id) == 64


def test_a_group_is_a_card_and_an_id_an_event() -> None:
    messages = [message_of(update) for update in stream(50, cards=4)]
    assert len({message.group for message in messages}) == 4
    assert len({message.id for message in messages}) == 50


def test_what_the_queue_does_not_take_is_in_the_log_and_can_be_sent_again() -> None:
    log, queue, updates = Lines(), Refusing(1, 3), stream(5, cards=2)
    CatchUpQueue(queue, log).put(updates)
    assert [update_of(message.body) for message in queue.taken] == [updates[k] for k in (0, 2, 4)]
    assert [extra["detail"] for _, extra in log.lines] == ["throttled"] * 2
    assert [update_of(str(extra["update"])) for _, extra in log.lines] == [updates[1], updates[3]]


class Behind:
    """The function behind the queue, on a store in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("CATCH_UP_QUEUE_URL", "FEATURE_TABLE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9/x")
        from lambdas.transactions.catch_up import CatchUp

        self.store, self.log = MemoryStore(), Lines()
        cards = Cards(self.store, Waiting(), self.log, pause=lambda _: None)
        self._function = CatchUp(cards, self.log)  # type: ignore[arg-type]

    def take(self, bodies: Sequence[str]) -> list[str]:
        records = [{"messageId": f"m{k}", "body": body} for k, body in enumerate(bodies)]
        answer = self._function({"Records": records}, None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Behind:
    return Behind(monkeypatch)


def bodies(updates: Sequence[Update]) -> list[str]:
    return [message_of(update).body for update in updates]


def test_the_profiles_are_what_they_would_have_been(behind: Behind) -> None:
    updates = stream(30, cards=3)
    assert behind.take(bodies(updates)) == []
    profiles = offline(updates)[1]
    assert {card: decode(behind.store.held[f"card:{card}"].data) for card in profiles} == profiles


def test_while_the_store_is_down_all_go_back(behind: Behind) -> None:
    behind.store.read_fails = True
    assert behind.take(bodies(stream(3, cards=1))) == ["m0", "m1", "m2"]


@pytest.mark.parametrize("body", ["", "{}", "no JSON", json.dumps({"request": {"card_id": 1}})])
def test_a_body_that_is_no_update_is_logged_whole_and_does_not_hold_up_the_rest(
    behind: Behind, body: Any
) -> None:
    assert behind.take([body, *bodies(stream(2, cards=1))]) == []
    assert (behind.log.lines[0][0], behind.log.lines[0][1]["body"]) == ("not a profile update", body)
    assert decode(behind.store.held["card:card-0"].data).seen == 2
