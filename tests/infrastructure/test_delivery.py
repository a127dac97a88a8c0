"""GitHub deploys with short-lived credentials: one repository, one branch, and only the CDK's roles."""

from __future__ import annotations

import pytest

from cdk.constructs.deploy_role import trust_conditions
from tests.infrastructure.assembly import Assembly, text

ISSUER = "token.actions.githubusercontent.com"


def test_only_the_deploy_job_of_main_may_assume_the_role(everything: Assembly) -> None:
    (role,) = everything.resources("AWS::IAM::Role", "Triage-Delivery")
    (trust,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
    provider = everything.one("AWS::IAM::OIDCProvider")
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert text(trust["Principal"]["Federated"]) == f"<{provider.logical_id}>"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": "repo:octo/triage:environment:production",
            f"{ISSUER}:repository": "octo/triage",
            f"{ISSUER}:ref": "refs/heads/main",
        }
    }
    assert role.properties["MaxSessionDuration"] == 3600


@pytest.mark.parametrize(
    ("given", "subject"),
    [("octo/triage", "repo:octo/triage"), ("octo@12/triage@345", "repo:octo@12/triage@345")],
)
def test_repositories_with_ids_in_their_tokens_are_named_with_them(given: str, subject: str) -> None:
    claims = trust_conditions(given)["StringEquals"]
    assert claims[f"{ISSUER}:sub"] == f"{subject}:environment:production"
    assert claims[f"{ISSUER}:repository"] == "octo/triage"
    assert not any("*" in value for value in claims.values())


def test_the_role_may_do_nothing_but_assume_the_roles_of_a_deployment(everything: Assembly) -> None:
    (policy,) = everything.resources("AWS::IAM::Policy", "Triage-Delivery")
    (statement,) = policy.properties["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    account = "arn:<AWS::Partition>:iam::<AWS::AccountId>:role/"
    assert {text(resource) for resource in statement["Resource"]} == {
        f"{account}cdk-hnb659fds-deploy-role-<AWS::AccountId>-<AWS::Region>",
        f"{account}cdk-hnb659fds-file-publishing-role-<AWS::AccountId>-<AWS::Region>",
        f"{account}cdk-hnb659fds-lookup-role-<AWS::AccountId>-<AWS::Region>",
        f"{account}triage-image-publisher-<AWS::Region>",
    }


def test_these_are_the_roles_the_cli_is_told_to_assume(everything: Assembly) -> None:
    (policy,) = everything.resources("AWS::IAM::Policy", "Triage-Delivery")
    allowed = {
        text(resource).replace("<", "${").replace(">", "}")
        for resource in policy.properties["PolicyDocument"]["Statement"][0]["Resource"]
    }
    asked: set[str] = set()
    for name, artifact in everything.manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            asked |= {artifact["properties"]["assumeRoleArn"], artifact["properties"]["lookupRole"]["arn"]}
            assets = everything.assets(name)
            for asset in (*assets["files"].values(), *assets.get("dockerImages", {}).values()):
                asked |= {destination["assumeRoleArn"] for destination in asset["destinations"].values()}
    assert asked == allowed
