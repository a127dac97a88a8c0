"""What alarms look at, and the end of those whose metric has no data any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

REASON = "Threshold Crossed: no datapoints were received for {periods:g} period(s), which is not breaching"

Alarm = dict[str, Any]


def alarms_of(cloudwatch: Any) -> list[Alarm]:
    """All alarms on metrics."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
    return [alarm for page in pages for alarm in page["MetricAlarms"]]


def watched(alarms: Iterable[Alarm], namespace: str, dimension: str) -> list[str]:
    """Of which queues, say, alarms look at a metric of `namespace`: the values of `dimension`, sorted."""
    return sorted(
        {
            each["Value"]
            for alarm in alarms
            if alarm.get("Namespace") == namespace
            for each in alarm.get("Dimensions", [])
            if each["Name"] == dimension
        }
    )


def end_silent(cloudwatch: Any, alarms: Iterable[Alarm]) -> list[str]:
    """Set to OK what is on, has no data and treats that as not breaching, as CloudWatch does; their names.

    The emulator looks at an alarm only when a metric is put and this one's has a value in the last period, so
    one on a metric that is written only when something is wrong would stay on for ever.
    """
    ended = []
    for alarm in alarms:
        if alarm["StateValue"] != "ALARM" or alarm.get("TreatMissingData") != "notBreaching":
            continue
        if not _has_data(cloudwatch, alarm):
            cloudwatch.set_alarm_state(
                AlarmName=alarm["AlarmName"],
                StateValue="OK",
                StateReason=REASON.format(periods=alarm["EvaluationPeriods"]),
            )
            ended.append(alarm["AlarmName"])
    return ended


def _has_data(cloudwatch: Any, alarm: Alarm) -> bool:
    """Whether the alarm's metric has a value in the periods that the alarm looks at."""
    now = datetime.now(UTC)
    length = timedelta(seconds=alarm["Period"] * alarm["EvaluationPeriods"])
    found = cloudwatch.get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=alarm.get("Dimensions", []),
        StartTime=now - length,
        EndTime=now,
        Period=alarm["Period"],
        Statistics=["SampleCount"],
    )
    return bool(found["Datapoints"])
