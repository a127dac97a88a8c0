"""A DynamoDB table of the app: provisioned, because on-demand is not free, and forgetful."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge


def own_table(
    scope: Construct,
    construct_id: str,
    *,
    read_units: int,
    write_units: int,
    no_recovery: str,
    stream: dynamodb.StreamViewType | None = None,
) -> dynamodb.Table:
    """A table with the key `id` whose items go when `expires` has passed.

    `no_recovery` is the reason for doing without point-in-time recovery, which is not free.
    """
    table = dynamodb.Table(
        scope,
        construct_id,
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PROVISIONED,
        read_capacity=read_units,
        write_capacity=write_units,
        time_to_live_attribute="expires",
        stream=stream,
        encryption=dynamodb.TableEncryption.DEFAULT,
        removal_policy=RemovalPolicy.RETAIN,
    )
    acknowledge(
        table, "AwsSolutions-DDB3", f"Point-in-time recovery is not in the free tier, and {no_recovery}"
    )
    return table
