"""Ends the alarms whose metric has no data any more: CloudWatch does this itself, the emulator does not.

The emulator looks at an alarm only when its metric has a value in the last period, so one on a metric that is
written only when something is wrong would stay on for ever. A schedule invokes this once a minute. It stands
alone: boto3 and nothing of this repository.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

REASON = "Threshold Crossed: no datapoints were received for {periods:g} period(s), which is not breaching"


def handle(event: dict[str, Any], context: Any) -> dict[str, list[str]]:
    """Set to OK what is on, has no data and treats that as not breaching. Returns the names as `ended`."""
    cloudwatch = _cloudwatch()
    ended = []
    for page in cloudwatch.get_paginator("describe_alarms").paginate(StateValue="ALARM"):
        for alarm in page["MetricAlarms"]:
            if alarm.get("TreatMissingData") == "notBreaching" and not has_data(cloudwatch, alarm):
                cloudwatch.set_alarm_state(
                    AlarmName=alarm["AlarmName"],
                    StateValue="OK",
                    StateReason=REASON.format(periods=alarm["EvaluationPeriods"]),
                )
                ended.append(alarm["AlarmName"])
    return {"ended": ended}


def has_data(cloudwatch: Any, alarm: dict[str, Any]) -> bool:
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


@functools.cache
def _cloudwatch() -> Any:
    return boto3.client("cloudwatch")
