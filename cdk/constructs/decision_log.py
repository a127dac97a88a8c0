"""The DynamoDB table every decision is written to."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge

# Of the 25 + 25 capacity units that are free in an account. The feature store has 10 + 8 of them; the rest
# is left for the review queue. tests/infrastructure counts them all.
READ_CAPACITY = 5


def decision_log(scope: Construct, *, write_units: int) -> dynamodb.Table:
    """The decision log: key `id`, items that go when `expires` has passed. On-demand would not be free.

    Its stream tells of each decision as it is written: what alerts are made from.
    """
    table = dynamodb.Table(
        scope,
        "Decisions",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PROVISIONED,
        read_capacity=READ_CAPACITY,
        write_capacity=write_units,
        time_to_live_attribute="expires",
        stream=dynamodb.StreamViewType.NEW_IMAGE,
        encryption=dynamodb.TableEncryption.DEFAULT,
        removal_policy=RemovalPolicy.RETAIN,
    )
    acknowledge(
        table,
        "AwsSolutions-DDB3",
        "Point-in-time recovery is not in the free tier, and the log forgets after 30 days anyway.",
    )
    return table
