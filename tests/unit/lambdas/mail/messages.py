"""Alarms as CloudWatch sends them."""

from __future__ import annotations

import json
from typing import Any

REASON = (
    "Threshold Crossed: 3 out of the last 3 datapoints [12.0 (24/11/26 03:05:00), 7.0 (24/11/26 03:00:00), "
    "6.0 (24/11/26 02:55:00)] were greater than or equal to the threshold (5.0) (minimum 3 datapoints for "
    "OK -> ALARM transition)."
)
TRIGGER = {
    "MetricName": "5XXError", "Namespace": "AWS/ApiGateway", "StatisticType": "Statistic", "Statistic": "SUM",
    "Unit": None, "Dimensions": [{"value": "live", "name": "Stage"}], "Period": 300, "EvaluationPeriods": 3,
    "DatapointsToAlarm": 3, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 5.0,
    "TreatMissingData": "notBreaching", "EvaluateLowSampleCountPercentile": "",
}  # fmt: skip


def alarm(
    name: str = "triage-api-errors",
    state: str = "ALARM",
    at: str = "2026-11-24T03:10:09.123+0000",
    reason: str = REASON,
    before: str = "OK",
    **trigger: Any,
) -> str:
    """The message of one change of state, with every field that AWS sends."""
    return json.dumps(
        {
            "AlarmName": name,
            "AlarmDescription": "The API answers with 5xx. More: docs/runbook.md#api-errors",
            "AWSAccountId": "111122223333",
            "AlarmConfigurationUpdatedTimestamp": "2026-11-01T00:00:00.000+0000",
            "NewStateValue": state,
            "NewStateReason": reason,
            "StateChangeTime": at,
            "Region": "US East (N. Virginia)",
            "AlarmArn": f"arn:aws:cloudwatch:us-east-1:111122223333:alarm:{name}",
            "OldStateValue": before,
            "OKActions": [],
            "AlarmActions": [],
            "InsufficientDataActions": [],
            "Trigger": TRIGGER | trigger,
        }
    )


def event(message: str, subject: str | None = 'ALARM: "triage-api-errors" in US East') -> dict[str, Any]:
    """As SNS hands it to a function."""
    sent = {"Type": "Notification", "MessageId": "m-1", "Subject": subject, "Message": message}
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sent}]}
