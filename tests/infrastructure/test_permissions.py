"""Least privilege: no `*` action, and a wildcard resource only where AWS has nothing finer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.infrastructure.assembly import Assembly, Json, text

# The actions whose resource is `*` because AWS lets them have no other.
WITHOUT_RESOURCE = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
    "cloudwatch:GetMetricStatistics",
    # The delivery of a state machine's log.
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    # What a function in a VPC needs: its network interfaces have no name before they are made.
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(assembly: Assembly) -> Iterator[tuple[str, Json]]:
    """Every identity and resource policy statement, with the logical id it is in."""
    for resource in assembly.all_resources():
        documents = [
            resource.properties.get("PolicyDocument"),
            resource.properties.get("AssumeRolePolicyDocument"),
            resource.properties.get("RepositoryPolicyText"),
            # A user pool has "Policies" of another kind: of passwords.
            *(
                policy["PolicyDocument"]
                for policy in listed(resource.properties.get("Policies", []))
                if "PolicyDocument" in policy
            ),
        ]
        for document in filter(None, documents):
            for statement in document["Statement"]:
                yield resource.logical_id, statement


def policy_of(assembly: Assembly, function: str) -> dict[str, list[tuple[list[str], Any]]]:
    """What the function `triage-<function>` may do: by action, (resources, condition)."""
    made = assembly.one("AWS::Lambda::Function", FunctionName=f"triage-{function}")
    role = made.properties["Role"]["Fn::GetAtt"][0]
    (policy,) = [
        p for p in assembly.resources("AWS::IAM::Policy") if p.properties["Roles"] == [{"Ref": role}]
    ]
    allowed: dict[str, list[tuple[list[str], Any]]] = {}
    for statement in policy.properties["PolicyDocument"]["Statement"]:
        for action in listed(statement["Action"]):
            resources = [text(resource) for resource in listed(statement["Resource"])]
            allowed.setdefault(action, []).append((resources, statement.get("Condition")))
    return allowed


@pytest.mark.parametrize("variant", ["everything", "kinesis", "kafka", "laptop", "more_services"])
def test_no_statement_allows_every_action(variant: str, request: pytest.FixtureRequest) -> None:
    for where, statement in statements(request.getfixturevalue(variant)):
        if statement["Effect"] == "Allow":
            assert not [a for a in listed(statement["Action"]) if "*" in a], f"{where}: {statement}"


@pytest.mark.parametrize("variant", ["everything", "kinesis", "kafka", "laptop", "more_services"])
def test_a_wildcard_resource_only_where_aws_has_no_other(
    variant: str, request: pytest.FixtureRequest
) -> None:
    for where, statement in statements(request.getfixturevalue(variant)):
        if statement["Effect"] == "Allow" and "*" in listed(statement.get("Resource", [])):
            assert set(listed(statement["Action"])) <= WITHOUT_RESOURCE, f"{where}: {statement}"


def test_managed_policies_are_the_two_that_aws_prescribes(everything: Assembly) -> None:
    names = {
        text(arn).rpartition("/")[2]
        for role in everything.resources("AWS::IAM::Role")
        for arn in role.properties.get("ManagedPolicyArns", [])
    }
    assert names == {"AmazonAPIGatewayPushToCloudWatchLogs", "AmazonSSMManagedInstanceCore"}


def test_what_a_decision_function_may_do(plain: Assembly) -> None:
    allowed = policy_of(plain, "tickets")
    bucket = "arn:<AWS::Partition>:s3:::<Triage-Artifacts.ArtifactsBucket>"
    log = plain.one("AWS::Logs::LogGroup", LogGroupName="/aws/lambda/triage-tickets").logical_id
    assert set(allowed) == {
        "s3:GetObject", "s3:ListBucket", "dynamodb:PutItem", "logs:CreateLogStream", "logs:PutLogEvents",
        "xray:PutTraceSegments", "xray:PutTelemetryRecords",
    }  # fmt: skip
    assert allowed["s3:GetObject"] == [([f"{bucket}/tickets/*"], None)]
    assert allowed["s3:ListBucket"] == [([bucket], None)]
    (resources, _), = allowed["dynamodb:PutItem"]  # fmt: skip
    assert len(resources) == 1 and resources[0].startswith("<Triage-State.PublishOutputFnGetAttDecisions")
    assert allowed["logs:PutLogEvents"] == [([f"<{log}.Arn>"], None)]


def test_a_service_cannot_read_another_services_bundles(more_services: Assembly) -> None:
    for name in ("tickets", "transactions", "content", "messages"):
        (resources, _), = policy_of(more_services, name)["s3:GetObject"]  # fmt: skip
        bundles = [resource for resource in resources if "ArtifactsBucket" in resource]
        assert [resource.rpartition(">/")[2] for resource in bundles] == [f"{name}/*"]


def test_the_catalog_reads_what_is_live_and_never_a_model(more_services: Assembly) -> None:
    allowed = policy_of(more_services, "catalog")
    (resources, _), = allowed["s3:GetObject"]  # fmt: skip
    assert sorted(resource.rpartition(">/")[2] for resource in resources) == sorted(
        f"{name}/{key}"
        for name in ("tickets", "transactions", "content", "messages")
        for key in ("rollout.json", "bundles/*/manifest.json")
    )
    assert "dynamodb:PutItem" not in allowed


def test_the_metric_bridge_writes_to_one_namespace(laptop: Assembly) -> None:
    allowed = policy_of(laptop, "emf-bridge")
    assert allowed["cloudwatch:PutMetricData"] == [
        (["*"], {"StringEquals": {"cloudwatch:namespace": "Triage"}})
    ]
    assert not [action for action in allowed if action.startswith(("s3:", "dynamodb:"))]


def test_the_image_publisher_pushes_to_one_repository(plain: Assembly) -> None:
    role = plain.one(
        "AWS::IAM::Role", Description="Pushes images to the triage repository; the CDK CLI assumes it"
    )
    (trust,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
    assert text(trust["Principal"]["AWS"]) == "arn:<AWS::Partition>:iam::<AWS::AccountId>:root"
    repository = plain.one("AWS::ECR::Repository").logical_id
    (policy,) = [
        p for p in plain.resources("AWS::IAM::Policy") if p.properties["Roles"] == [{"Ref": role.logical_id}]
    ]
    for statement in policy.properties["PolicyDocument"]["Statement"]:
        if statement["Action"] != "ecr:GetAuthorizationToken":
            assert text(statement["Resource"]) == f"<{repository}.Arn>"
            assert not {"ecr:DeleteRepository", "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy"} & set(
                statement["Action"]
            )
