"""What API Gateway counts, from what was answered."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypercorn.config import Config

from local.embedded.data import VALUES
from local.embedded.gateway import AccessLog, Answer, Answers, data_of

pytestmark = pytest.mark.unit
STAGE = [{"Name": "ApiName", "Value": "triage"}, {"Name": "Stage", "Value": "live"}]


def values(found: list[dict[str, Any]], name: str) -> dict[float, float]:
    """How often each value of a metric is there."""
    return {
        value: count
        for datum in found
        if datum["MetricName"] == name
        for value, count in zip(datum["Values"], datum["Counts"], strict=True)
    }


def test_each_request_counts_and_is_an_error_or_is_not() -> None:
    answered = [(200, 4), (200, 4), (403, 1), (429, 1), (502, 3_000), (0, 9)]
    found = data_of([Answer("a1", "live", status, ms) for status, ms in answered], {"a1": "triage"})
    assert values(found, "Count") == {1: 6}
    assert values(found, "4XXError") == {0: 4, 1: 2}
    assert values(found, "5XXError") == {0: 5, 1: 1}
    assert values(found, "Latency") == {1: 2, 3_000: 1, 4: 2, 9: 1}
    assert all(datum["Dimensions"] == STAGE for datum in found)
    assert {datum["MetricName"]: datum["Unit"] for datum in found} == {
        "Count": "Count", "4XXError": "Count", "5XXError": "Count", "Latency": "Milliseconds",
    }  # fmt: skip


def test_stages_are_apart_and_an_api_that_is_none_is_left_out() -> None:
    answers = [Answer("a1", "live", 200, 1), Answer("a1", "test", 500, 1), Answer("gone", "live", 404, 1)]
    found = data_of(answers, {"a1": "triage"})
    stages = {each["Value"] for datum in found for each in datum["Dimensions"] if each["Name"] == "Stage"}
    assert stages == {"live", "test"}
    assert sum(values(found, "4XXError")) == 0


def test_no_datum_has_more_values_than_cloudwatch_takes() -> None:
    found = data_of([Answer("a1", "live", 200, ms) for ms in range(2 * VALUES + 1)], {"a1": "triage"})
    assert [len(datum["Values"]) for datum in found if datum["MetricName"] == "Latency"] == [
        VALUES,
        VALUES,
        1,
    ]


def test_only_calls_of_apis_are_kept_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    log, answers = AccessLog(Config()), Answers()
    monkeypatch.setattr(AccessLog, "answers", answers)
    calls: list[tuple[str, int | None]] = [
        ("/_aws/execute-api/a1/live/v1/models", 200), ("/_aws/execute-api/a1/live", 403), ("/", 200),
        ("/_aws/execute-api/a1/live/v1/models", None),
    ]  # fmt: skip
    for path, status in calls:
        response: Any = None if status is None else {"status": status, "headers": []}
        request: Any = {"type": "http", "path": path, "headers": []}
        asyncio.run(log.access(request, response, 0.0126))
    assert answers.take() == [Answer("a1", "live", status, 13) for status in (200, 403, 0)]
    assert answers.take() == []
