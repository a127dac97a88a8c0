"""The role GitHub Actions deploys with: short-lived credentials for one repository, one branch."""

from __future__ import annotations

import re

from aws_cdk import Aws, DefaultStackSynthesizer, Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.names import PROJECT, publisher_role_name

ISSUER = "token.actions.githubusercontent.com"
BRANCH = "refs/heads/main"
ENVIRONMENT = "production"
"""The GitHub environment the deploy job runs in; its reviewers approve each deployment."""


class DeployRole(Construct):
    """A role for the deploy job of `repository`; it may only assume the roles the CDK CLI works with.

    `repository` is `owner/name`, or `owner@id/name@id` where GitHub puts the ids into its tokens.
    `provider_arn` is the account's GitHub OIDC provider when there is one already: IAM allows only one.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, repository: str, provider_arn: str | None
    ) -> None:
        super().__init__(scope, construct_id)
        provider = provider_arn or self._new_provider()
        self.role = iam.Role(
            self,
            "Role",
            role_name=f"{PROJECT}-github-deploy-{Aws.REGION}",
            description=f"Deploys Triage from GitHub Actions of {repository}",
            max_session_duration=Duration.hours(1),
            assumed_by=iam.FederatedPrincipal(
                provider, trust_conditions(repository), "sts:AssumeRoleWithWebIdentity"
            ),
        )
        self.role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=assumable_roles()))

    def _new_provider(self) -> str:
        return iam.OidcProviderNative(
            self, "Provider", url=f"https://{ISSUER}", client_ids=["sts.amazonaws.com"]
        ).oidc_provider_arn


def trust_conditions(repository: str) -> dict[str, dict[str, str]]:
    """What a GitHub token must say: this repository, this branch, and the protected environment."""
    return {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": f"repo:{repository}:environment:{ENVIRONMENT}",
            f"{ISSUER}:repository": re.sub(r"@\d+", "", repository),
            f"{ISSUER}:ref": BRANCH,
        }
    }


def assumable_roles() -> list[str]:
    """The bootstrap roles a deployment goes through, and the one that pushes the image."""
    qualifier = DefaultStackSynthesizer.DEFAULT_QUALIFIER
    names = [
        f"cdk-{qualifier}-{purpose}-role-{Aws.ACCOUNT_ID}-{Aws.REGION}"
        for purpose in ("deploy", "file-publishing", "lookup")
    ]
    return [
        f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/{name}"
        for name in (*names, publisher_role_name(Aws.REGION))
    ]
