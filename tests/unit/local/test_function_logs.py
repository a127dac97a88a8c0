"""The functions' lines, as a person reads them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from local import function_logs

ERROR = {
    "level": "ERROR",
    "location": "model_failed:48",
    "message": "model failed",
    "timestamp": "2026-11-24 00:37:09,129+0000",
    "service": "tickets",
    "detail": "no rollout.json",
    "decision": {"a": 1},
}


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (json.dumps(ERROR), 'ERROR   model failed  detail=no rollout.json  decision={"a": 1}'),
        ("Traceback (most recent call last):\n", "Traceback (most recent call last):"),
        ("[1, 2]", "[1, 2]"),
        ('{"no": "log entry"}', '{"no": "log entry"}'),
        ('{"_aws": {"Timestamp": 1}, "Confidence": [0.5]}', None),
        ("START RequestId: 1 Version: $LATEST", None),
        ("REPORT RequestId: 1\tDuration: 2 ms", None),
        ("  ", None),
    ],
)
def test_a_line_is_made_readable_or_left_out(message: str, text: str | None) -> None:
    assert function_logs.readable(message) == text


class Logs:
    """Stands for CloudWatch Logs: `groups` maps a group to its (milliseconds, message) events."""

    def __init__(self, groups: dict[str, list[tuple[int, str]]]) -> None:
        self.groups = groups

    def get_paginator(self, name: str) -> Any:
        return {"describe_log_groups": self, "filter_log_events": Events(self.groups)}[name]

    def paginate(self, logGroupNamePrefix: str) -> list[dict[str, Any]]:  # noqa: N803 - AWS's name
        return [
            {"logGroups": [{"logGroupName": name}]}
            for name in self.groups
            if name.startswith(logGroupNamePrefix)
        ]


class Events:
    def __init__(self, groups: dict[str, list[tuple[int, str]]]) -> None:
        self.groups = groups

    def paginate(self, logGroupName: str) -> list[dict[str, Any]]:  # noqa: N803 - AWS's name
        return [{"events": [{"timestamp": at, "message": text}]} for at, text in self.groups[logGroupName]]


def test_all_functions_together_newest_last(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {
        "/aws/lambda/triage-tickets": [(3000, "third"), (1000, "first"), (500, "too old")],
        "/aws/lambda/triage-catalog": [(2000, "second"), (2500, "END RequestId: 1")],
        "/aws/other": [(9000, "not a function's")],
    }
    monkeypatch.setattr(function_logs, "client", lambda *_: Logs(groups))
    lines = function_logs.recent("http://127.0.0.1:1", limit=3)
    assert [(line.function, line.text) for line in lines] == [
        ("triage-tickets", "first"),
        ("triage-catalog", "second"),
        ("triage-tickets", "third"),
    ]
    text = io.StringIO()
    function_logs.show(Console(file=text, soft_wrap=True), lines)
    assert [line.split()[1:] for line in text.getvalue().splitlines()] == [
        ["triage-tickets", "first"],
        ["triage-catalog", "second"],
        ["triage-tickets", "third"],
    ]


def test_silence_is_said() -> None:
    text = io.StringIO()
    function_logs.show(Console(file=text), [])
    assert "nothing but metrics" in text.getvalue()
