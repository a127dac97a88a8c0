"""AWS's own metrics on the laptop: from what happens in an embedded AWS to its alarms."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.environment import client

pytestmark = pytest.mark.integration
SECONDS = 40.0


def eventually(look: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


def put_alarm(cloudwatch: Any, name: str, namespace: str, metric: str, **more: Any) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace=namespace, MetricName=metric, Period=60, EvaluationPeriods=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold", TreatMissingData="notBreaching",
        **{"Statistic": "Maximum", **more},
    )  # fmt: skip


def is_on(cloudwatch: Any, name: str) -> bool:
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return bool(found["StateValue"] == "ALARM")


def the_sum(cloudwatch: Any, namespace: str, metric: str, dimensions: dict[str, str]) -> float:
    now, asked = datetime.now(UTC), [{"Name": name, "Value": value} for name, value in dimensions.items()]
    found = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName=metric, Statistics=["Sum"], Dimensions=asked,
        StartTime=now - timedelta(minutes=10), EndTime=now, Period=600,
    )  # fmt: skip
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def test_answers_of_an_api_are_counted_with_their_status(endpoint: str) -> None:
    cloudwatch, gateway = client("cloudwatch", endpoint), client("apigateway", endpoint)
    api = gateway.create_rest_api(name="counted")["id"]
    (root,) = gateway.get_resources(restApiId=api)["items"]
    of_root = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**of_root, authorizationType="NONE")
    template = {"application/json": json.dumps({"statusCode": 503})}
    gateway.put_integration(**of_root, type="MOCK", requestTemplates=template)
    for status in ("200", "503"):
        gateway.put_method_response(**of_root, statusCode=status)
    gateway.put_integration_response(**of_root, statusCode="503", selectionPattern="503")
    gateway.create_deployment(restApiId=api, stageName="live")
    stage = {"ApiName": "counted", "Stage": "live"}
    asked = [{"Name": name, "Value": value} for name, value in stage.items()]
    put_alarm(
        cloudwatch, "errors", "AWS/ApiGateway", "5XXError", Statistic="Sum", Threshold=5, Dimensions=asked
    )
    for _ in range(5):
        with pytest.raises(urllib.error.HTTPError) as failed:
            urllib.request.urlopen(f"{endpoint}/_aws/execute-api/{api}/live/")  # noqa: S310 - ours
        assert failed.value.code == 503
    eventually(lambda: is_on(cloudwatch, "errors"), "five errors are an alarm")
    assert the_sum(cloudwatch, "AWS/ApiGateway", "Count", stage) == 5
    assert the_sum(cloudwatch, "AWS/ApiGateway", "5XXError", stage) == 5
    assert the_sum(cloudwatch, "AWS/ApiGateway", "4XXError", stage) == 0


def test_a_message_that_waits_makes_its_queue_late_and_no_other(endpoint: str) -> None:
    cloudwatch, sqs = client("cloudwatch", endpoint), client("sqs", endpoint)
    late, dead = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("late", "dead"))
    asked = [{"Name": "QueueName", "Value": "late"}]
    put_alarm(cloudwatch, "late", "AWS/SQS", "ApproximateAgeOfOldestMessage", Threshold=6, Dimensions=asked)
    sqs.send_message(QueueUrl=dead, MessageBody="a dead letter, which may be old")
    time.sleep(12)
    assert not is_on(cloudwatch, "late")
    sqs.send_message(QueueUrl=late, MessageBody="one that nobody takes")
    eventually(lambda: is_on(cloudwatch, "late"), "a message of six seconds is an alarm")


def test_an_execution_that_fails_is_counted_once(endpoint: str) -> None:
    cloudwatch, states = client("cloudwatch", endpoint), client("stepfunctions", endpoint)
    ends = {"StartAt": "End", "States": {"End": {"Type": "Fail", "Error": "Broken"}}}
    machine = states.create_state_machine(
        name="fails", definition=json.dumps(ends), roleArn="arn:aws:iam::000000000000:role/any"
    )["stateMachineArn"]
    asked = [{"Name": "StateMachineArn", "Value": machine}]
    put_alarm(cloudwatch, "failed", "AWS/States", "ExecutionsFailed", Threshold=1, Dimensions=asked)
    states.start_execution(stateMachineArn=machine)
    eventually(lambda: is_on(cloudwatch, "failed"), "a failed execution is an alarm")
    time.sleep(11)
    assert the_sum(cloudwatch, "AWS/States", "ExecutionsFailed", {"StateMachineArn": machine}) == 1
