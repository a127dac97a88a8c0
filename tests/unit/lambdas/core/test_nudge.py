"""Waking a worker: once in a while, and never an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lambdas.content.later import Later
from lambdas.core.aws import Message
from lambdas.core.errors import DependencyDown
from lambdas.core.nudge import EVERY_SECONDS, NUDGED, Nudge

pytestmark = pytest.mark.unit


class Worker:
    def __init__(self, error: DependencyDown | None = None) -> None:
        self.started: list[Mapping[str, Any]] = []
        self.error = error

    def start(self, event: Mapping[str, Any]) -> None:
        self.started.append(event)
        if self.error:
            raise self.error


class Lines:
    def __init__(self) -> None:
        self.lines: list[tuple[object, Mapping[str, object]]] = []

    def warning(self, message: object, /, *, extra: Mapping[str, object]) -> None:
        self.lines.append((message, extra))


class Outbox:
    def __init__(self, refused: dict[int, str]) -> None:
        self.refused = refused

    def send(self, messages: list[Message]) -> dict[int, str]:
        return self.refused


def test_a_busy_caller_wakes_the_worker_now_and_then() -> None:
    worker, at = Worker(), [100.0]
    nudge = Nudge(worker, Lines(), now=lambda: at[0])
    nudge()
    nudge()
    assert worker.started == [NUDGED]
    at[0] += EVERY_SECONDS
    nudge()
    assert len(worker.started) == 2


def test_a_worker_that_cannot_be_woken_is_a_line_in_the_log() -> None:
    log = Lines()
    Nudge(Worker(DependencyDown("lambda answered 429")), log)()
    assert log.lines == [("the worker was not woken", {"detail": "lambda answered 429"})]


@pytest.mark.parametrize(("refused", "woken"), [({}, 1), ({0: "down"}, 0)])
def test_the_worker_is_woken_for_what_is_in_the_queue(refused: dict[int, str], woken: int) -> None:
    worker = Worker()
    later = Later(Outbox(refused), Nudge(worker, Lines()))  # type: ignore[arg-type]
    assert later.put("d1") == refused.get(0)
    assert len(worker.started) == woken
