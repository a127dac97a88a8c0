"""What the mails' function asks CloudWatch, and what ends alarms on the laptop, against the emulator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.mail.alarms import Alarms
from local.embedded.alarms import alarms_of, end_silent
from local.environment import aws_environment, client


@pytest.fixture
def cloudwatch(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in aws_environment({}, endpoint).items():
        monkeypatch.setenv(name, value)
    return client("cloudwatch", endpoint)


def put_alarm(cloudwatch: Any, name: str, **more: Any) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="Test", MetricName=name, Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1.0, ComparisonOperator="GreaterThanOrEqualToThreshold", **more,
    )  # fmt: skip


def put(cloudwatch: Any, name: str, value: float) -> None:
    cloudwatch.put_metric_data(Namespace="Test", MetricData=[{"MetricName": name, "Value": value}])


def test_which_alarms_are_on_and_since_when_each_was(cloudwatch: Any) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    for name in ("triage-one", "triage-two", "another"):
        put_alarm(cloudwatch, name)
    put(cloudwatch, "triage-one", 5)
    put(cloudwatch, "another", 5)
    known = Alarms()
    (started,) = known.on().values()
    assert set(known.on()) == {"triage-one"}, "not those of other apps"
    assert before <= started <= datetime.now(UTC)

    cloudwatch.set_alarm_state(AlarmName="triage-one", StateValue="OK", StateReason="over")
    assert known.on() == {}
    began = known.began("triage-one", datetime.now(UTC))
    assert began is not None and abs(began - started) < timedelta(seconds=2)
    assert known.began("triage-two", datetime.now(UTC)) is None


def test_an_alarm_without_data_ends_as_it_would_on_aws(cloudwatch: Any) -> None:
    put_alarm(cloudwatch, "triage-silent", TreatMissingData="notBreaching")
    put_alarm(cloudwatch, "triage-loud", TreatMissingData="notBreaching")
    put_alarm(cloudwatch, "triage-sticky", TreatMissingData="missing")
    put(cloudwatch, "triage-loud", 5)
    for name in ("triage-silent", "triage-sticky"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="it was so")
    # The embedded AWS does so by itself as well, within seconds.
    assert set(end_silent(cloudwatch, alarms_of(cloudwatch))) <= {"triage-silent"}
    on = set(Alarms().on())
    assert {"triage-loud", "triage-sticky"} <= on
    assert "triage-silent" not in on
