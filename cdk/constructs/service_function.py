"""One function: its code, its log group, and a role that may do what it must."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge
from cdk.constructs.function_code import Packaged
from cdk.names import PROJECT

_NETWORK_INTERFACES = [
    "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
]  # fmt: skip
RETENTION = logs.RetentionDays.ONE_MONTH


class LoggedFunction(Construct):
    """A Lambda function with its own role and a log group that forgets after a month.

    The role may write to that log group and, with `tracing`, send trace segments; what else it may do
    is added by whoever makes it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        packaged: Packaged,
        environment: Mapping[str, str],
        memory_mb: int,
        storage_mb: int = 512,
        timeout_seconds: int,
        tracing: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = full_name = f"{PROJECT}-{name}"
        self.log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{full_name}",
            retention=RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"Runs {full_name}",
        )
        self.log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=full_name,
            code=packaged.code,
            handler=packaged.handler,
            runtime=packaged.runtime,
            architecture=lambda_.Architecture.X86_64,
            memory_size=memory_mb,
            ephemeral_storage_size=None if storage_mb == 512 else Size.mebibytes(storage_mb),
            timeout=Duration.seconds(timeout_seconds),
            environment=dict(environment),
            role=self.role,
            log_group=self.log_group,
            tracing=lambda_.Tracing.ACTIVE if tracing else lambda_.Tracing.DISABLED,
        )
        if tracing:
            self._acknowledge("*", "X-Ray has no resource to name: AWS allows only * for sending segments.")

    def allow(
        self, actions: list[str], resources: list[str], conditions: Mapping[str, object] | None = None
    ) -> None:
        """Let the function do `actions` on `resources`."""
        self.role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
        )

    def join(self, subnets: list[str], security_groups: list[str]) -> None:
        """Run the function inside a VPC, in these subnets and with these security groups."""
        self.allow(_NETWORK_INTERFACES, ["*"])
        self._acknowledge("*", "Lambda's network interfaces have no name before they are made.")
        made = self.function.node.default_child
        assert isinstance(made, lambda_.CfnFunction)  # noqa: S101 - what a Function always holds
        made.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=subnets, security_group_ids=security_groups
        )
        # Lambda refuses a function in a VPC whose role may not yet make interfaces.
        made.node.add_dependency(self.role.node.find_child("DefaultPolicy"))

    def acknowledge_wildcard(self, resource: str, reason: str) -> None:
        """Accept that the role's policy names `resource`, as cdk-nag writes it, with a wildcard."""
        self._acknowledge(resource, reason)

    def _acknowledge(self, resource: str, reason: str) -> None:
        policy = self.role.node.find_child("DefaultPolicy")
        acknowledge(policy, f"AwsSolutions-IAM5[Resource::{resource}]", reason)
