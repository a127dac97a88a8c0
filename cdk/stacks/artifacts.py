"""What is built elsewhere and used here: model bundles in S3, images in ECR."""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge
from cdk.constructs.artifacts_bucket import OUTPUT
from cdk.constructs.image_repository import ImageRepository
from cdk.names import stack_name
from lambdas.observations.record import PREFIX

OBSERVED_DAYS = 35
"""A month and what a report about it may take longer; the decision log forgets after 30."""


class ArtifactsStack(Stack):
    """The artifacts bucket, the image repository and the role that pushes to it."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, stack_name("Artifacts"), description="Triage: model bundles and images")
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            # For rollout.json, the one object that is ever overwritten: a week to undo a mistake.
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-old-versions",
                    noncurrent_version_expiration=Duration.days(7),
                    expired_object_delete_marker=True,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
                s3.LifecycleRule(
                    id="forget-observations", prefix=f"{PREFIX}/", expiration=Duration.days(OBSERVED_DAYS)
                ),
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge(
            self.bucket,
            "AwsSolutions-S1",
            "Access logs of a bucket that only this app's roles may read would fill the free 5 GB of S3; "
            "every object is checked against its sha256 before use, so a change cannot go unseen.",
        )
        self.images = ImageRepository(self, "Images")
        CfnOutput(self, OUTPUT, value=self.bucket.bucket_name)
        CfnOutput(self, "ImageRepository", value=self.images.repository.repository_uri)
