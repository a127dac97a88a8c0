"""The bridge from EMF lines to PutMetricData, on lines that Powertools wrote."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.emf_bridge import handler

RECORDED = (Path(__file__).parent / "powertools_emf.jsonl").read_text().splitlines()
WHEN = datetime.fromtimestamp(1795481014.174, UTC)


class Recorder:
    """Stands for the CloudWatch client: keeps what would be sent."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def put_metric_data(self, **call: Any) -> None:
        self.calls.append(call)

    @property
    def data(self) -> list[dict[str, Any]]:
        return [datum for call in self.calls for datum in call["MetricData"]]


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(handler, "_cloudwatch", lambda: recorder)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "triage-emf-bridge")
    return recorder


def event(
    *lines: str, group: str = "/aws/lambda/triage-tickets", kind: str = "DATA_MESSAGE"
) -> dict[str, Any]:
    logs = {
        "messageType": kind,
        "logGroup": group,
        "logEvents": [{"id": str(n), "timestamp": 0, "message": line} for n, line in enumerate(lines)],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(logs).encode())).decode()}}


def emf(dimensions: list[list[str]] | None = None, unit: str | None = "Count", **members: Any) -> str:
    metric = {"Name": "M"} if unit is None else {"Name": "M", "Unit": unit}
    directive: dict[str, Any] = {"Namespace": "N", "Metrics": [metric]}
    if dimensions is not None:
        directive["Dimensions"] = dimensions
    return json.dumps({"_aws": {"Timestamp": 1000, "CloudWatchMetrics": [directive]}, **members})


def test_values_units_and_dimensions_arrive_as_powertools_wrote_them(cloudwatch: Recorder) -> None:
    assert handler.handle(event(RECORDED[0]), None) == {"lines": 1, "data": 2}
    assert cloudwatch.calls[0]["Namespace"] == "Triage"
    service = [{"Name": "service", "Value": "tickets"}]
    assert cloudwatch.data == [
        {
            "MetricName": "Confidence", "Dimensions": service, "Values": [0.91, 0.42], "Counts": [2.0, 1.0],
            "Unit": "None", "StorageResolution": 60, "Timestamp": WHEN,
        },
        {
            "MetricName": "Fallbacks", "Dimensions": service, "Values": [0.0], "Counts": [1.0],
            "Unit": "Count", "StorageResolution": 60, "Timestamp": WHEN,
        },
    ]  # fmt: skip


def test_each_dimension_set_is_a_metric_of_its_own(cloudwatch: Recorder) -> None:
    handler.handle(event(RECORDED[1]), None)
    assert [
        {dimension["Name"]: dimension["Value"] for dimension in datum["Dimensions"]}
        for datum in cloudwatch.data
    ] == [{"variant": "champion", "service": "tickets"}, {"language": "en", "region": "eu"}]
    assert {datum["StorageResolution"] for datum in cloudwatch.data} == {1}


def test_a_metric_may_have_no_dimensions(cloudwatch: Recorder) -> None:
    handler.handle(event(RECORDED[2], emf(None, M=2)), None)
    assert [datum["Dimensions"] for datum in cloudwatch.data] == [[], []]


def test_namespaces_go_out_in_calls_of_their_own(cloudwatch: Recorder) -> None:
    handler.handle(event(RECORDED[0], emf([[]], M=1), RECORDED[2]), None)
    assert [(call["Namespace"], len(call["MetricData"])) for call in cloudwatch.calls] == [
        ("Triage", 3),
        ("N", 1),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "START RequestId: 1 Version: $LATEST",
        '{"level":"INFO","message":"about \\"_aws\\" things"}',
        '{"_aws":{"Timestamp":1}}',
        '{"_aws":"no"}',
        '["_aws"]',
        '{"_aws": {"CloudWatchMetrics": [',
    ],
)
def test_lines_without_metrics_are_passed_over(cloudwatch: Recorder, line: str) -> None:
    assert handler.handle(event(line), None) == {"lines": 0, "data": 0}
    assert cloudwatch.calls == []


def test_its_own_lines_are_passed_over(cloudwatch: Recorder) -> None:
    found = handler.handle(event(RECORDED[0], group="/aws/lambda/triage-emf-bridge"), None)
    assert (found["data"], cloudwatch.calls) == (0, [])


def test_the_check_that_cloudwatch_sends_to_a_new_subscription_is_no_data(cloudwatch: Recorder) -> None:
    assert handler.handle(event(RECORDED[0], kind="CONTROL_MESSAGE"), None) == {"lines": 0, "data": 0}


def test_what_is_no_number_is_left_out(cloudwatch: Recorder) -> None:
    mixed = emf([[]], M=[1, "2", None, True, float("nan"), float("inf"), 3.5])
    handler.handle(event(mixed, emf([[]], M="text"), emf([[]])), None)
    assert [datum["Values"] for datum in cloudwatch.data] == [[1.0, 3.5]]


def test_a_dimension_set_with_a_missing_member_is_left_out(cloudwatch: Recorder) -> None:
    handler.handle(event(emf([["service", "gone"], ["service"]], M=1, service="tickets")), None)
    assert [datum["Dimensions"] for datum in cloudwatch.data] == [[{"Name": "service", "Value": "tickets"}]]


def test_a_metric_without_a_unit_has_none(cloudwatch: Recorder) -> None:
    handler.handle(event(emf([[]], unit=None, M=1)), None)
    assert cloudwatch.data[0]["Unit"] == "None"


def test_more_values_than_a_datum_or_a_call_may_hold_are_split(cloudwatch: Recorder) -> None:
    values = [float(n) for n in range(2_345)]
    handler.handle(event(emf([[]], M=values)), None)
    assert [value for datum in cloudwatch.data for value in datum["Values"]] == values
    assert max(len(datum["Values"]) for datum in cloudwatch.data) == handler.VALUES_A_DATUM
    in_calls = [sum(len(datum["Values"]) for datum in call["MetricData"]) for call in cloudwatch.calls]
    assert max(in_calls) <= handler.VALUES_A_CALL
    assert len(in_calls) == 3


def test_a_refused_call_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def put_metric_data(self, **_: Any) -> None:
            raise ConnectionError("refused")

    monkeypatch.setattr(handler, "_cloudwatch", Refusing)
    with pytest.raises(ConnectionError, match="refused"):
        handler.handle(event(RECORDED[0]), None)
