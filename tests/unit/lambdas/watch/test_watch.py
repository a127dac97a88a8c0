"""The watch: one figure for all dead letters, and a line that names each queue that holds some."""

from __future__ import annotations

import json

import pytest

from lambdas.core.errors import DependencyDown
from lambdas.watch.watch import Watch
from tests.support.events import CONTEXT, fresh_telemetry


class Queue:
    """Holds `messages`; None stands for a queue that does not answer."""

    def __init__(self, messages: int | None) -> None:
        self._messages = messages

    def depth(self) -> int:
        if self._messages is None:
            raise DependencyDown("sqs did not answer")
        return self._messages


def run(capsys: pytest.CaptureFixture[str], **queues: int | None) -> tuple[list[float], dict[str, int]]:
    """The metric's values, and what the log lines name."""
    watch = Watch({name: Queue(held) for name, held in queues.items()}, fresh_telemetry("watch"))
    try:
        assert watch({}, CONTEXT) == queues
    finally:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    values = [value for line in lines if "DeadLetters" in line for value in line["DeadLetters"]]
    return values, {
        line["queue"]: line["messages"] for line in lines if line.get("message") == "dead letters"
    }


def test_the_metric_is_the_sum_and_the_log_names_what_is_not_empty(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(capsys, labels=0, alerts=2, transactions=3) == ([5.0], {"alerts": 2, "transactions": 3})


def test_none_is_a_value_too_so_that_the_alarm_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, labels=0) == ([0.0], {})


def test_a_queue_that_does_not_answer_hides_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch({"labels": Queue(None), "alerts": Queue(2)}, fresh_telemetry("watch"))
    with pytest.raises(DependencyDown, match="out of sight: labels"):
        watch({}, CONTEXT)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["DeadLetters"] for line in lines if "DeadLetters" in line] == [[2.0]]
    assert [line["queue"] for line in lines if line.get("level") == "ERROR"] == ["labels"]


def test_where_nothing_answers_there_is_no_figure(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DependencyDown):
        Watch({"labels": Queue(None)}, fresh_telemetry("watch"))({}, CONTEXT)
    assert "DeadLetters" not in capsys.readouterr().out
