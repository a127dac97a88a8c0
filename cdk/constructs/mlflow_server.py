"""An MLflow server nobody can reach from outside: on EC2, bound to 127.0.0.1, through SSM port forwarding.

Never public: CVE-2026-0545 and CVE-2026-2652 bypass MLflow's own authentication.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Aws
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge
from cdk.constructs.artifacts_bucket import ARN_IN_FINDINGS
from cdk.locked_pins import constraints
from cdk.names import ROOT

PORT = 5000
DISK_GB = 20
PREFIX = "mlflow"
_SCRIPT = Path(__file__).with_name("mlflow_server.sh")


class MlflowServer(Construct):
    """A t3.micro in a network of its own; runs and artifacts under `mlflow/` of `artifacts`."""

    def __init__(self, scope: Construct, construct_id: str, *, artifacts: s3.IBucket) -> None:
        super().__init__(scope, construct_id)
        network = self._network()
        self.role = self._role(artifacts)
        self.instance = ec2.Instance(
            self,
            "Server",
            vpc=network,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            # The only way out without a NAT gateway (33 USD a month); nothing can come in.
            associate_public_ip_address=True,
            security_group=self._closed(network),
            instance_type=ec2.InstanceType.of(ec2.InstanceClass.T3, ec2.InstanceSize.MICRO),
            credit_specification=ec2.CpuCredits.STANDARD,
            machine_image=ec2.MachineImage.latest_amazon_linux2023(),
            require_imdsv2=True,
            role=self.role,
            user_data=ec2.UserData.custom(user_data(bucket=artifacts.bucket_name)),
            user_data_causes_replacement=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        DISK_GB, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3
                    ),
                )
            ],
        )
        acknowledge(
            self.instance,
            "AwsSolutions-EC28",
            "Detailed monitoring costs money; this server serves nobody live.",
        )
        acknowledge(
            self.instance,
            "AwsSolutions-EC29",
            "The machine is disposable: its database is copied to S3 every hour and restored on first boot.",
        )

    def tunnel_command(self) -> str:
        """The command that makes the server http://localhost:5000 on the caller's machine."""
        ports = f'{{"portNumber":["{PORT}"],"localPortNumber":["{PORT}"]}}'
        return (
            f"aws ssm start-session --target {self.instance.instance_id}"
            f" --document-name AWS-StartPortForwardingSession --parameters '{ports}'"
        )

    def _network(self) -> ec2.Vpc:
        network = ec2.Vpc(
            self,
            "Network",
            ip_addresses=ec2.IpAddresses.cidr("10.83.0.0/24"),
            max_azs=1,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=False
                )
            ],
            # It would take a custom resource with a function of its own; nothing uses that group.
            restrict_default_security_group=False,
        )
        acknowledge(
            network,
            "AwsSolutions-VPC7",
            "Flow logs cost money; one machine lives here and nothing can reach it.",
        )
        return network

    def _closed(self, network: ec2.IVpc) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, "Closed", vpc=network, allow_all_outbound=False, description="MLflow: nothing in, HTTPS out"
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "SSM, S3, packages")
        return group

    def _role(self, artifacts: s3.IBucket) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            description="The MLflow server: SSM, and its own folder of the artifacts bucket",
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AmazonSSMManagedInstanceCore")],
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
                resources=[artifacts.arn_for_objects(f"{PREFIX}/*")],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[artifacts.bucket_arn],
                conditions={"StringLike": {"s3:prefix": f"{PREFIX}/*"}},
            )
        )
        acknowledge(
            role.node.find_child("DefaultPolicy"),
            f"AwsSolutions-IAM5[Resource::{ARN_IN_FINDINGS}/{PREFIX}/*]",
            "MLflow makes up the names of its artifacts; the folder is as fine as S3 allows.",
        )
        acknowledge(
            role,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonSSMManagedInstanceCore]",
            "AWS keeps this policy in step with the SSM agent on the machine.",
        )
        return role


def user_data(*, bucket: str) -> str:
    """The first-boot script, with every Python package pinned as in uv.lock."""
    filled: Mapping[str, str] = {
        "@CONSTRAINTS@": "\n".join(constraints(ROOT / "uv.lock", ("mlflow", "boto3"))),
        "@BUCKET@": bucket,
        "@REGION@": Aws.REGION,
        "@PORT@": str(PORT),
    }
    script = _SCRIPT.read_text("utf-8")
    for word, value in filled.items():
        script = script.replace(word, value)
    return script
