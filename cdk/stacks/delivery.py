"""Deployment from GitHub Actions, without a long-lived key. Only with `-c github_repository=owner/name`."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk.constructs.deploy_role import DeployRole
from cdk.names import stack_name


class DeliveryStack(Stack):
    """GitHub's OIDC provider and the role its deploy job assumes."""

    def __init__(self, scope: Construct, *, repository: str, provider_arn: str | None) -> None:
        super().__init__(scope, stack_name("Delivery"), description="Triage: deployment from GitHub Actions")
        deploy = DeployRole(self, "Deploy", repository=repository, provider_arn=provider_arn)
        CfnOutput(self, "DeployRoleArn", value=deploy.role.role_arn)
