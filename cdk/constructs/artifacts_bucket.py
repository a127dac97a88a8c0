"""The artifacts bucket as the other stacks see it."""

from __future__ import annotations

from aws_cdk import Fn
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.names import stack_name

OUTPUT = "ArtifactsBucket"
"""The output of the artifacts stack that holds the bucket's name."""

ARN_IN_FINDINGS = (
    "arn:<AWS::Partition>:s3:::"
    f'{{"Fn::GetStackOutput":{{"StackName":"{stack_name("Artifacts")}","OutputName":"{OUTPUT}"}}}}'
)
"""The bucket's ARN as cdk-nag writes it. It is why the bucket is looked up by the output's own name: the
name that the CDK would make up has a hash in it, and acknowledgements could not be read any more."""


def artifacts_bucket(scope: Construct) -> s3.IBucket:
    """The bucket, for a stack that depends on the artifacts stack."""
    return s3.Bucket.from_bucket_name(
        scope, "Artifacts", Fn.get_stack_output(stack_name("Artifacts"), OUTPUT)
    )
