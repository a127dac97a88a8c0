"""The drift job: once a night, with the rights it needs, and told of every service."""

from __future__ import annotations

import json

import pytest

from cdk.services import SERVICES
from tests.infrastructure.assembly import Assembly
from tests.infrastructure.test_permissions import policy_of


@pytest.mark.parametrize("variant", ["plain", "laptop"])
def test_it_runs_once_a_night_over_every_service(variant: str, request: pytest.FixtureRequest) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    made = assembly.one("AWS::Lambda::Function", FunctionName="triage-drift")
    rule = assembly.one("AWS::Events::Rule", ScheduleExpression="cron(40 3 * * ? *)")
    (target,) = rule.properties["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [made.logical_id, "Arn"]}
    assert rule.properties["State"] == "ENABLED"
    told = made.properties["Environment"]["Variables"]
    assert told["SERVICES"].split(",") == [service.name for service in SERVICES]
    assert json.loads(told["LABEL_OUTCOMES"])["transactions"] == {"fraud": "decline", "legitimate": "approve"}
    assert {"ALARM_TOPIC_ARN", "DASHBOARD_URL", "RUNBOOK_URL"} <= set(told)


def test_a_million_decisions_fit(plain: Assembly) -> None:
    made = plain.one("AWS::Lambda::Function", FunctionName="triage-drift").properties
    assert made["MemorySize"] >= 1_000 and made["Timeout"] == 900


def test_it_writes_its_reports_only(plain: Assembly) -> None:
    own = {"logs:CreateLogStream", "logs:PutLogEvents"}
    wanted = {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "sns:Publish", "sqs:SendMessage"}
    policy = policy_of(plain, "drift")
    assert set(policy) == own | wanted
    assert all("/drift/*" in json.dumps(resource) for resource in policy["s3:PutObject"])
