"""What `local=true` changes is what the table says, no more; AWS has all that the laptop lacks."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from cdk.local_differences import AWS, DIFFERENCES, LAPTOP, Target, as_markdown
from tests.infrastructure.assembly import Assembly

ROOT = Path(__file__).resolve().parents[2]


def types(assembly: Assembly) -> dict[str, int]:
    """How many resources there are of each type."""
    counted: dict[str, int] = {}
    for resource in assembly.all_resources():
        counted[resource.type] = counted.get(resource.type, 0) + 1
    return counted


def test_every_difference_is_explained_once() -> None:
    different = [f.name for f in fields(Target) if getattr(AWS, f.name) != getattr(LAPTOP, f.name)]
    assert sorted(row.field for row in DIFFERENCES) == sorted(different)


def test_the_page_shows_the_table_of_the_code() -> None:
    assert as_markdown() in (ROOT / "docs" / "local.md").read_text("utf-8")


def test_only_one_module_decides_on_the_switch() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "cdk").rglob("*.py")
        if "settings.local" in path.read_text("utf-8")
    }
    assert users <= {"cdk/app.py", "cdk/local_differences.py"}


def test_what_the_laptop_leaves_out_is_on_aws(everything: Assembly, laptop: Assembly) -> None:
    on_aws, here = types(everything), types(laptop)
    left_out = {kind for kind in on_aws if kind not in here}
    assert left_out == {
        "AWS::Budgets::Budget", "AWS::Logs::QueryDefinition", "AWS::IAM::OIDCProvider",
        "AWS::EC2::Instance", "AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::RouteTable", "AWS::EC2::Route",
        "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::InternetGateway",
        "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::SecurityGroup",
        "AWS::EC2::LaunchTemplate", "AWS::IAM::InstanceProfile",
    }  # fmt: skip


def test_what_the_laptop_adds_is_the_bridge_and_the_inboxes(everything: Assembly, laptop: Assembly) -> None:
    added = {kind for kind in types(laptop) if kind not in types(everything)}
    assert added == {"AWS::Logs::SubscriptionFilter"}
    inboxes = {
        stack: set(laptop.outputs(stack)) - set(everything.outputs(stack)) for stack in laptop.templates
    }
    assert {stack: names for stack, names in inboxes.items() if names} == {
        "Triage-Operations": {"InboxQueueUrl"},
        "Triage-Streaming": {"AlertInboxQueueUrl"},
    }


def test_what_the_embedded_aws_drops_in_silence_is_in_the_aws_templates(everything: Assembly) -> None:
    """It accepts these properties and ignores them, so only the templates can show them."""
    for table in everything.resources("AWS::DynamoDB::Table"):
        if table.logical_id.startswith("Audit"):
            continue  # it forgets nothing
        assert table.properties["TimeToLiveSpecification"]["Enabled"] is True
    for bucket in everything.resources("AWS::S3::Bucket"):
        assert bucket.properties["LifecycleConfiguration"]
    assert everything.one("AWS::ApiGateway::RequestValidator").properties["ValidateRequestBody"] is True


def test_the_stacks_that_both_have_differ_only_where_the_table_says(
    plain: Assembly, laptop: Assembly
) -> None:
    assert plain.templates["Triage-Artifacts"] == laptop.templates["Triage-Artifacts"]
    here, there = (a.templates["Triage-State"]["Resources"] for a in (laptop, plain))
    assert here == there
