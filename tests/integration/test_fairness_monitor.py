"""The live monitor over a decision log by moto: what it counts, says, keeps and leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from lambdas.core.aws import Bucket, Dynamo
from lambdas.core.errors import DependencyDown
from lambdas.core.telemetry import Telemetry
from lambdas.fairness.live import KEY, Live
from lambdas.fairness.monitor import Limits, Monitor
from lambdas.fairness.scan import PAGE, Scan
from local.learning import lines

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Told:
    """The topic, as the monitor knows it."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def publish(self, subject: str, message: str, attributes: Any = None) -> None:
        self.messages.append(f"{subject}\n{message}")


def put(table: Any, number: int, text: str, outcome: str, label: str | None, **more: Any) -> None:
    asked = {"text": text, **({"attributes": more.pop("attributes")} if "attributes" in more else {})}
    item = {
        "id": {"S": f"content.{number:05d}"},
        "service": {"S": more.pop("service", "content")},
        "source": {"S": more.pop("source", "model")},
        "outcome": {"S": outcome},
        "asked": {"S": json.dumps(asked)},
        "answer": {"S": "{}"},
        **({"label": {"S": label}} if label else {}),
        **{name: {"S": value} for name, value in more.items()},
    }
    table.put_item(TableName="decisions", Item=item)


def fill(table: Any, per_group: int = 80, *, biased: bool = True) -> None:
    """Fine posts about two groups; those about one of them wait for people far more often."""
    for k in range(per_group):
        region = {"region": "north" if k % 2 else "south"}
        first = "review" if biased and k % 4 else "allow"
        put(table, k, f"my muslim neighbour, number {k}", first, "ok", attributes=region)
        second = "review" if k % 16 == 0 else "allow"
        put(table, 1000 + k, f"my christian neighbour, number {k}", second, "ok", attributes=region)
    put(table, 5000, "not yet", "review", None, pending="audio")
    put(table, 5001, "by rules", "review", None, source="rules")
    put(table, 5002, "a ticket", "Billing", None, service="tickets")


def scan(**more: Any) -> Callable[[], Scan]:
    def make() -> Scan:
        own = {"units": 1e9, "seconds": 100.0, "items": 10_000, "wait": lambda _: None, **more}
        return Scan("decisions", Dynamo(), "content", **own)

    return make


def monitor(topic: Told, making: Callable[[], Scan] | None = None) -> Monitor:
    limits = Limits(least_rows=50, error_gap=0.1, selection_gap=0.3)
    return Monitor(
        making or scan(), Bucket("triage-test"), topic, Telemetry("content"), limits, now=lambda: NOW
    )


def live(bucket: Any) -> Live:
    return msgspec.json.decode(bucket.get_object(Bucket="triage-test", Key=KEY)["Body"].read(), type=Live)


@pytest.fixture(autouse=True)
def _bucket(bucket: Any) -> None:
    bucket.delete_object(Bucket="triage-test", Key=KEY)


def test_a_gap_is_counted_written_told_and_printed(table: Any, bucket: Any) -> None:
    fill(table)
    topic = Told()
    done = monitor(topic)({}, None)
    found = live(bucket)
    assert done == {"decisions": 160, "labelled": 160, "warnings": len(found.warnings)}
    assert (found.rules, found.pending, found.complete, found.read) == (1, 1, True, 163)
    identity = next(each for each in found.dimensions if each.name == "identity")
    rates = {each.group: each.false_positives["removed or reviewed"].value for each in identity.groups}
    assert rates == pytest.approx({"religion:muslim": 0.75, "religion:christian": 5 / 80})
    assert {each.name for each in found.dimensions} == {"identity", "declared region"}
    assert any("false positive rate (removed or reviewed) of religion:muslim" in w for w in found.warnings)
    assert len(topic.messages) == 1 and "religion:muslim" in topic.messages[0]
    printed = "\n".join(lines(found))
    assert "religion:muslim" in printed and "Warnings:" in printed


def test_people_are_told_once_of_the_same_gap(table: Any, bucket: Any) -> None:
    fill(table)
    topic = Told()
    for _ in range(2):
        monitor(topic)({}, None)
    assert len(topic.messages) == 1


def test_where_everybody_is_treated_alike_nobody_is_told(table: Any, bucket: Any) -> None:
    fill(table, biased=False)
    topic = Told()
    monitor(topic)({}, None)
    assert topic.messages == [] and live(bucket).warnings == []


def test_an_empty_log_says_so(table: Any, bucket: Any) -> None:
    monitor(Told())({}, None)
    found = live(bucket)
    assert (found.decisions, found.dimensions, found.complete) == (0, [], True)
    assert "no groups" in lines(found)[-1]


def test_it_stops_at_its_budget_and_says_that_it_saw_a_part(table: Any, bucket: Any) -> None:
    fill(table)
    waits: list[float] = []
    slow = scan(units=0.1, seconds=25.0, wait=waits.append, clock=lambda: sum(waits))
    monitor(Told(), slow)({}, None)
    found = live(bucket)
    assert not found.complete and found.read < 163
    assert found.read % PAGE == 0
    assert waits and all(0 < each < 25 for each in waits), "a page costs what DynamoDB says it costs"

    monitor(Told(), scan(items=50))({}, None)
    assert live(bucket).read == 50


def test_a_log_that_is_down_is_an_error_that_lambda_tries_again(
    table: Any, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
    with pytest.raises(DependencyDown):
        monitor(Told())({}, None)
