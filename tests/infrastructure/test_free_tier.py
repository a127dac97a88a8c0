"""The ledger: every variant stays inside the free tier, and the ledger sees what would not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk import free_tier
from cdk.free_tier import Line, ledger
from cdk.metrics import MetricId, emitted
from cdk.services import SERVICES
from tests.infrastructure.assembly import Assembly
from tests.infrastructure.synthesize import more_services as listed_services


def lines(resources: list[dict[str, Any]], metrics: set[MetricId] | None = None) -> dict[str, Line]:
    """The ledger of one template with these resources."""
    template = {"Resources": {f"R{i}": resource for i, resource in enumerate(resources)}}
    return {line.what: line for line in ledger([template], metrics or set())}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


@pytest.mark.parametrize("variant", ["plain", "everything", "kafka", "more_services"])
def test_the_app_stays_inside_the_free_tier(variant: str, request: pytest.FixtureRequest) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    services = listed_services() if variant == "more_services" else SERVICES
    over = [
        line
        for line in ledger(assembly.templates.values(), emitted(service.name for service in services))
        if line.over
    ]
    assert over == []


def test_what_would_cost_money_on_the_laptop_is_its_pollers_which_cost_none_there(
    laptop: Assembly, plain: Assembly
) -> None:
    """On AWS one queue is polled, and schedules look into the others."""
    found = {
        name: {line.what: line for line in ledger(assembly.templates.values(), set())}
        for name, assembly in (("laptop", laptop), ("plain", plain))
    }
    assert [what for what, line in found["laptop"].items() if line.over] == ["SQS requests of idle pollers"]
    assert found["laptop"]["SQS requests of idle pollers"].used == 4 * 5 * 3 * 60 * 730
    assert found["plain"]["SQS requests of idle pollers"].used == 5 * 3 * 60 * 730
    # Two queues each minute, labels and dead letters each 5 minutes, and what runs by the hour or the day.
    a_month = 730 * 60
    assert a_month * 2.4 < found["plain"]["runs of schedules"].used < a_month * 2.5


def test_kinesis_is_the_one_thing_that_the_ledger_holds_against_a_stream_on_it(kinesis: Assembly) -> None:
    lines = ledger(kinesis.templates.values(), emitted(service.name for service in SERVICES))
    assert [line.what for line in lines if line.over] == ["Kinesis streams"]


def test_a_fourth_service_brings_a_metric_and_no_alarm_and_all_ten_of_both_are_used(
    plain: Assembly, more_services: Assembly
) -> None:
    """And no line of the ledger is over: see above. A fifth service would be the first to cost."""
    three, four = [s.name for s in SERVICES], [s.name for s in listed_services()]
    assert (len(three), len(four)) == (3, 4)
    before = {line.what: line.used for line in ledger(plain.templates.values(), emitted(three))}
    after = {line.what: line.used for line in ledger(more_services.templates.values(), emitted(four))}
    assert (before["custom metrics"], before["CloudWatch alarms"]) == (9, 10)
    assert (after["custom metrics"], after["CloudWatch alarms"]) == (10, 10)
    for units in ("DynamoDB read units", "DynamoDB write units"):
        assert after[units] == before[units] <= 25


def test_a_second_stream_is_an_alarm_and_a_polled_queue_more() -> None:
    """AWS counts each metric under an alarm on several: 0.10 USD a month for each stream after the first."""
    polled = resource("AWS::Lambda::EventSourceMapping", EventSourceArn={"Fn::GetAtt": ["Queue", "Arn"]})
    assert not lines([polled])["SQS requests of idle pollers"].over
    parts = [{"MetricStat": {"Metric": {"Namespace": "AWS/SQS", "MetricName": "Age"}}}] * 2
    late = resource("AWS::CloudWatch::Alarm", Metrics=[*parts, {"Expression": "MAX(METRICS())"}])
    others = [resource("AWS::CloudWatch::Alarm", **ALARM)] * 9
    assert lines([*others, late])["CloudWatch alarms"] == Line("CloudWatch alarms", 11, 10)


ALARM = {"Namespace": "Triage", "MetricName": "M", "Period": 60}
DASHBOARD = {
    "widgets": [
        {
            "properties": {
                "metrics": [
                    ["Triage", "A", "service", "tickets", {"stat": "Sum"}],
                    ["Triage", "A", "service", "tickets", {"stat": "p95"}],
                    ["AWS/Lambda", "Errors"],
                    [{"expression": "m1*2"}],
                ]
            }
        }
    ]
}


@pytest.mark.parametrize(
    ("what", "resources"),
    [
        ("CloudWatch alarms", [resource("AWS::CloudWatch::Alarm", **ALARM)] * 11),
        (
            "CloudWatch alarms",
            [resource("AWS::CloudWatch::Alarm", Metrics=[{"MetricStat": {"Metric": ALARM}}] * 11)],
        ),
        ("high-resolution alarms", [resource("AWS::CloudWatch::Alarm", **{**ALARM, "Period": 10})]),
        ("dashboards", [resource("AWS::CloudWatch::Dashboard", DashboardBody='{"widgets": []}')] * 4),
        (
            "API stages with detailed metrics",
            [resource("AWS::ApiGateway::Stage", MethodSettings=[{"MetricsEnabled": True}])],
        ),
        (
            "DynamoDB read units",
            [
                resource(
                    "AWS::DynamoDB::Table",
                    ProvisionedThroughput={"ReadCapacityUnits": 20, "WriteCapacityUnits": 1},
                    GlobalSecondaryIndexes=[
                        {"ProvisionedThroughput": {"ReadCapacityUnits": 6, "WriteCapacityUnits": 1}}
                    ],
                )
            ],
        ),
        (
            "DynamoDB write units",
            [
                resource(
                    "AWS::DynamoDB::Table",
                    ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 13},
                )
            ]
            * 2,
        ),
        ("DynamoDB read units", [resource("AWS::DynamoDB::Table", BillingMode="PAY_PER_REQUEST")]),
        ("images kept in ECR", [resource("AWS::ECR::Repository")]),
        (
            "images kept in ECR",
            [
                resource(
                    "AWS::ECR::Repository",
                    LifecyclePolicy={
                        "LifecyclePolicyText": json.dumps(
                            {
                                "rules": [
                                    {
                                        "selection": {
                                            "tagStatus": "untagged",
                                            "countType": "imageCountMoreThan",
                                            "countNumber": 1,
                                        }
                                    }
                                ]
                            }
                        )
                    },
                )
            ],
        ),
        ("log groups without retention", [resource("AWS::Logs::LogGroup", LogGroupName="x")]),
        (
            "log groups without retention",
            [resource("AWS::ApiGateway::Stage", MethodSettings=[{"LoggingLevel": "INFO"}])],
        ),
        ("functions without a log group", [resource("AWS::Lambda::Function")]),
        (
            "SQS requests of idle pollers",
            [resource("AWS::Lambda::EventSourceMapping", EventSourceArn={"Fn::GetAtt": ["Queue", "Arn"]})]
            * 2,
        ),
        (
            "runs of schedules",
            [resource("AWS::Events::Rule", ScheduleExpression="rate(1 minute)", Targets=[{}])] * 23,
        ),
        ("budgets", [resource("AWS::Budgets::Budget")] * 3),
        ("instances larger than micro", [resource("AWS::EC2::Instance", InstanceType="m5.large")]),
        (
            "disk of instances, GB",
            [
                resource(
                    "AWS::EC2::Instance",
                    InstanceType="t3.micro",
                    BlockDeviceMappings=[{"Ebs": {"VolumeSize": 31}}],
                )
            ],
        ),
        ("interface endpoints", [resource("AWS::EC2::VPCEndpoint", VpcEndpointType="Interface")]),
        ("NAT gateways", [resource("AWS::EC2::NatGateway")]),
        ("elastic IPs", [resource("AWS::EC2::EIP")]),
        ("KMS keys", [resource("AWS::KMS::Key")]),
        ("Kinesis streams", [resource("AWS::Kinesis::Stream")]),
        ("ElastiCache clusters", [resource("AWS::ElastiCache::ReplicationGroup")]),
        ("WAF web ACLs", [resource("AWS::WAFv2::WebACL")]),
        ("secrets", [resource("AWS::SecretsManager::Secret")]),
    ],
)
def test_the_ledger_sees_what_passes_a_limit(what: str, resources: list[dict[str, Any]]) -> None:
    found = lines(resources)
    assert found[what].over
    others = [line for line in found.values() if line.over and line.what != what]
    assert all(line.what.startswith("DynamoDB") for line in others), others


def test_the_metrics_on_one_dashboard_are_counted() -> None:
    rows = [["AWS/Lambda", f"M{i}"] for i in range(51)]
    body = json.dumps({"widgets": [{"properties": {"metrics": rows}}]})
    found = lines([resource("AWS::CloudWatch::Dashboard", DashboardBody=body)])
    assert found["metrics on a dashboard"] == Line("metrics on a dashboard", 51, 50)


def test_metrics_that_differ_in_a_reference_alone_are_two() -> None:
    rows = [["AWS/Lambda", "Errors", "FunctionName", f"@{n}"] for n in range(2)]
    body = json.dumps({"widgets": [{"properties": {"metrics": rows}}]})
    parts = body.replace('"@0"', '"|0|"').replace('"@1"', '"|1|"').split("|")
    joined = {"Fn::Join": ["", [{"Ref": f"F{part}"} if part in {"0", "1"} else part for part in parts]]}
    found = lines([resource("AWS::CloudWatch::Dashboard", DashboardBody=joined)])
    assert found["metrics on a dashboard"].used == 2


def test_each_combination_of_dimensions_is_a_metric_and_aws_own_are_free() -> None:
    alarm = resource(
        "AWS::CloudWatch::Alarm",
        **{**ALARM, "MetricName": "A", "Dimensions": [{"Name": "service", "Value": "tickets"}]},
    )
    log_filter = resource(
        "AWS::Logs::MetricFilter", MetricTransformations=[{"MetricNamespace": "Triage", "MetricName": "B"}]
    )
    shown = resource("AWS::CloudWatch::Dashboard", DashboardBody=json.dumps(DASHBOARD))
    known = {MetricId("Triage", "A", (("service", "tickets"),)), MetricId("Triage", "A", ())}
    assert lines([alarm, log_filter, shown], known)["custom metrics"].used == 3


def test_the_command_prints_the_ledger_and_fails_over_a_limit(
    plain: Assembly, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert free_tier.main([str(plain.folder)]) == 0
    assert "CloudWatch alarms" in capsys.readouterr().out
    bad = {"Resources": {"Key": resource("AWS::KMS::Key")}}
    (tmp_path / "Bad.template.json").write_text(json.dumps(bad), "utf-8")
    assert free_tier.main([str(tmp_path)]) == 1
    assert "OVER KMS keys" in capsys.readouterr().out
    (tmp_path / "Bad.template.json").unlink()
    assert free_tier.main([str(tmp_path)]) == 1
    assert "run `make synth` first" in capsys.readouterr().err
