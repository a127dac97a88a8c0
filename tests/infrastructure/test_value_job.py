"""The value job: once an hour, over every service, with the rights it needs."""

from __future__ import annotations

import pytest

from cdk.services import SERVICES
from tests.infrastructure.assembly import Assembly, text
from tests.infrastructure.test_permissions import policy_of


@pytest.mark.parametrize("variant", ["plain", "laptop"])
def test_it_runs_once_an_hour_over_every_service(variant: str, request: pytest.FixtureRequest) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    made = assembly.one("AWS::Lambda::Function", FunctionName="triage-value")
    rule = assembly.one("AWS::Events::Rule", ScheduleExpression="cron(10 * * * ? *)")
    (target,) = rule.properties["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [made.logical_id, "Arn"]}
    variables = made.properties["Environment"]["Variables"]
    assert variables["SERVICES"] == ",".join(service.name for service in SERVICES)
    assert made.properties["MemorySize"] <= 512, "720 runs of some seconds are a fraction of what is free"


def test_one_more_service_is_added_up_without_a_line_of_code(more_services: Assembly) -> None:
    made = more_services.one("AWS::Lambda::Function", FunctionName="triage-value")
    assert len(made.properties["Environment"]["Variables"]["SERVICES"].split(",")) == len(SERVICES) + 1


def test_it_reads_observations_and_manifests_and_writes_its_own_books(plain: Assembly) -> None:
    own = {"logs:CreateLogStream", "logs:PutLogEvents"}
    policy = policy_of(plain, "value")
    assert set(policy) == own | {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "sqs:SendMessage"}
    (role,) = [
        r.properties["PolicyDocument"]["Statement"]
        for r in plain.resources("AWS::IAM::Policy", "Triage-Operations")
        if "ValueRole" in r.logical_id
    ]
    (writes,) = [s["Resource"] for s in role if s["Action"] == "s3:PutObject"]
    keys = [text(resource).partition(">/")[2] for resource in writes]
    assert sorted(keys) == sorted(f"{service.name}/value/*" for service in SERVICES)
