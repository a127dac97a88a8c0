"""Where the media of posts is: what callers upload, and what is kept for as long as its decision."""

from __future__ import annotations

from aws_cdk import Duration, Fn, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge
from cdk.names import stack_name

OUTPUT = "UploadsBucket"
"""The output of the state stack that holds the bucket's name."""
IN_FINDINGS = (
    "arn:<AWS::Partition>:s3:::"
    f'{{"Fn::GetStackOutput":{{"StackName":"{stack_name("State")}","OutputName":"{OUTPUT}"}}}}'
)
"""The bucket's ARN as cdk-nag writes it; see artifacts_bucket.py."""
UPLOADED_DAYS = 1
"""An upload is used at once or not at all."""
KEPT_DAYS = 30
"""As long as decisions are in the log: DECISION_TTL_DAYS."""


def uploads_seen_from(scope: Construct) -> s3.IBucket:
    """The bucket, for a stack that depends on the state stack."""
    return s3.Bucket.from_bucket_name(scope, "Uploads", Fn.get_stack_output(stack_name("State"), OUTPUT))


def uploads_bucket(scope: Construct) -> s3.Bucket:
    """The bucket. Browsers may post the forms that the content service signs; reading takes a link."""
    bucket = s3.Bucket(
        scope,
        "Uploads",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        # A form says where it may be posted from by being signed; who holds one may use it anywhere.
        cors=[
            s3.CorsRule(
                allowed_methods=[s3.HttpMethods.POST],
                allowed_origins=["*"],
                allowed_headers=["*"],
                exposed_headers=["ETag"],
                max_age=3000,
            )
        ],
        lifecycle_rules=[
            s3.LifecycleRule(id="forget-uploads", prefix="uploads/", expiration=Duration.days(UPLOADED_DAYS)),
            s3.LifecycleRule(
                id="forget-with-the-decision",
                prefix="kept/",
                expiration=Duration.days(KEPT_DAYS),
                abort_incomplete_multipart_upload_after=Duration.days(1),
            ),
        ],
        removal_policy=RemovalPolicy.RETAIN,
    )
    acknowledge(
        bucket,
        "AwsSolutions-S1",
        "Access logs would fill the free 5 GB of S3; the API's own log says who asked for which form, and "
        "only this app's roles read.",
    )
    return bucket
