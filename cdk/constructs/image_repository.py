"""The app's own ECR repository, and the role that may push to it."""

from __future__ import annotations

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge
from cdk.names import IMAGE_REPOSITORY, PROJECT, publisher_role_name

KEPT_IMAGES = 2
_PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


class ImageRepository(Construct):
    """A repository that keeps the live image and the one before it, scans each and never moves a tag."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=IMAGE_REPOSITORY,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            encryption=ecr.RepositoryEncryption.AES_256,
            removal_policy=RemovalPolicy.DESTROY,
            empty_on_delete=True,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    description="the live image and the one before it, for a way back",
                    tag_status=ecr.TagStatus.ANY,
                    max_image_count=KEPT_IMAGES,
                )
            ],
        )
        self._let_lambda_pull()
        self.publisher = self._publisher()

    def _let_lambda_pull(self) -> None:
        self.repository.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LambdaPulls",
                principals=[iam.ServicePrincipal("lambda.amazonaws.com")],
                actions=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                conditions={
                    "ArnLike": {
                        "aws:SourceArn": f"arn:{Aws.PARTITION}:lambda:{Aws.REGION}:{Aws.ACCOUNT_ID}"
                        f":function:{PROJECT}-*"
                    }
                },
            )
        )

    def _publisher(self) -> iam.Role:
        """Like the bootstrap roles: anybody in the account may assume it whose own policy says so."""
        role = iam.Role(
            self,
            "Publisher",
            role_name=publisher_role_name(Aws.REGION),
            description=f"Pushes images to the {IMAGE_REPOSITORY} repository; the CDK CLI assumes it",
            assumed_by=iam.AccountRootPrincipal(),
        )
        role.add_to_policy(iam.PolicyStatement(actions=_PUSH, resources=[self.repository.repository_arn]))
        role.add_to_policy(iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]))
        acknowledge(
            role.node.find_child("DefaultPolicy"),
            "AwsSolutions-IAM5[Resource::*]",
            "ecr:GetAuthorizationToken logs in to the account's registry and takes no resource.",
        )
        return role
