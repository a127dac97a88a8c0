"""The outflow: people's queue first, then the alerts; when one is down nothing is lost or told twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lambdas.outflow.outflow import Outflow
from tests.support.events import CONTEXT

pytestmark = pytest.mark.unit


class Part:
    """Takes records up to the one that it fails on, as each part does."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.fails_on: str | None = None

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        for record in event.get("Records") or ():
            number = record["dynamodb"]["SequenceNumber"]
            if number == self.fails_on:
                return {"batchItemFailures": [{"itemIdentifier": number}]}
            self.taken.append(number)
        return {"batchItemFailures": []}


class Flow:
    """A stream that brings a batch again from the record on that is reported, as Lambda does."""

    def __init__(self) -> None:
        self.queued, self.told = Part(), Part()
        self.outflow = Outflow(self.queued, self.told)

    def bring(self, numbers: str) -> str:
        """What is left of `numbers`, a letter a record."""
        event = {"Records": [{"dynamodb": {"SequenceNumber": number}} for number in numbers]}
        again = self.outflow(event, CONTEXT)["batchItemFailures"]
        return numbers[numbers.index(again[0]["itemIdentifier"]) :] if again else ""


@pytest.fixture
def flow() -> Flow:
    return Flow()


def test_all_is_queued_and_told(flow: Flow) -> None:
    assert flow.bring("abc") == ""
    assert flow.queued.taken == flow.told.taken == ["a", "b", "c"]


def test_what_the_queue_refuses_is_told_once_it_is_queued(flow: Flow) -> None:
    flow.queued.fails_on = "b"
    left = flow.bring("abc")
    assert (left, flow.told.taken) == ("bc", ["a"])
    flow.queued.fails_on = None
    assert flow.bring(left) == ""
    assert flow.told.taken == ["a", "b", "c"], "each once"


def test_what_the_topic_refuses_is_in_the_queue_and_told_later(flow: Flow) -> None:
    flow.told.fails_on = "b"
    left = flow.bring("abc")
    assert (left, flow.queued.taken) == ("bc", ["a", "b", "c"])
    flow.told.fails_on = None
    assert flow.bring(left) == ""
    assert flow.told.taken == ["a", "b", "c"], "each once"


def test_with_both_down_the_stream_goes_back_to_the_first(flow: Flow) -> None:
    flow.queued.fails_on, flow.told.fails_on = "c", "b"
    assert flow.bring("abcd") == "bcd"
    flow.told.fails_on = None
    assert flow.bring("bcd") == "cd"
    flow.queued.fails_on = None
    assert flow.bring("cd") == ""
    assert flow.told.taken == ["a", "b", "c", "d"]


def test_nothing_is_nothing(flow: Flow) -> None:
    assert flow.outflow({}, CONTEXT) == {"batchItemFailures": []}
