"""Which queues and machines alarms look at."""

from __future__ import annotations

from typing import Any

import pytest

from local.embedded.alarms import watched

pytestmark = pytest.mark.unit


def alarm(namespace: str, **dimensions: str) -> dict[str, Any]:
    found = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {"Namespace": namespace, "Dimensions": found}


def test_the_queues_are_those_of_the_alarms_each_once() -> None:
    alarms = [
        alarm("AWS/SQS", QueueName="b"), alarm("AWS/SQS", QueueName="a"), alarm("AWS/SQS", QueueName="b"),
        alarm("Triage"), alarm("AWS/States", StateMachineArn="m"), {"AlarmName": "on an expression"},
    ]  # fmt: skip
    assert watched(alarms, "AWS/SQS", "QueueName") == ["a", "b"]
    assert watched(alarms, "AWS/States", "StateMachineArn") == ["m"]
    assert watched([], "AWS/SQS", "QueueName") == []
