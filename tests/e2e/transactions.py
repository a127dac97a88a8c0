"""What the end-to-end tests of transactions share: sending, asking, and looking at what became of it."""

from __future__ import annotations

import json
import math
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from local import redrive, streaming
from local.events import Event
from local.stack import Stack

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


def waiting(stack: Stack) -> int:
    return streaming.waiting(stack.endpoint, stack.output("TransactionsQueueUrl"))


def with_marks(stack: Stack, marks: list[str], *, at_once: bool = False) -> list[redrive.DeadLetter]:
    """The dead letters that hold `marks`, in that order; none until all are there."""
    by_mark = {mark: each for each in dead_letters(stack) for mark in marks if mark in each.body}
    return [by_mark[mark] for mark in marks] if len(by_mark) == len(marks) else []
