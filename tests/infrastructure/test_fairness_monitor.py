"""The fairness monitor: once a day, gently, with the rights it needs and at no cost."""

from __future__ import annotations

import aws_cdk as cdk
import pytest

from cdk.app import build
from cdk.constructs.fairness_monitor import SECONDS
from cdk.services import SERVICES
from cdk.settings import Settings
from tests.infrastructure.assembly import Assembly
from tests.infrastructure.test_permissions import policy_of


def test_it_runs_once_a_day_and_its_function_outlasts_its_reading(plain: Assembly) -> None:
    made = plain.one("AWS::Lambda::Function", FunctionName="triage-fairness")
    rule = plain.one("AWS::Events::Rule", ScheduleExpression="cron(10 4 * * ? *)")
    (target,) = rule.properties["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [made.logical_id, "Arn"]}
    assert rule.properties["State"] == "ENABLED"
    assert made.properties["Timeout"] >= SECONDS + 30
    assert made.properties["MemorySize"] <= 256, "a month of it is a fiftieth of what is free"
    assert made.properties["Environment"]["Variables"]["FAIRNESS_SECONDS"] == str(SECONDS)


def test_it_reads_the_log_and_writes_one_object(plain: Assembly) -> None:
    own = {"logs:CreateLogStream", "logs:PutLogEvents"}
    wanted = {"dynamodb:Scan", "s3:GetObject", "s3:PutObject", "s3:ListBucket", "sns:Publish"}
    assert set(policy_of(plain, "fairness")) == own | wanted | {"sqs:SendMessage"}


@pytest.mark.parametrize("variant", ["plain", "laptop"])
def test_it_is_on_both_ways(variant: str, request: pytest.FixtureRequest) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    assert assembly.one("AWS::Lambda::Function", FunctionName="triage-fairness")


def test_without_content_there_is_none() -> None:
    app = cdk.App()
    build(app, Settings.from_context({"local": "true"}), [s for s in SERVICES if s.name != "content"])
    template = app.synth().get_stack_by_name("Triage-Streaming").template
    names = [r["Properties"].get("FunctionName") for r in template["Resources"].values() if "Properties" in r]
    assert "triage-fairness" not in names
