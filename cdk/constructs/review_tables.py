"""The tables of the review queue: its items with the index they are handed out by, and the audit log."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge
from cdk.constructs.own_table import own_table
from lambdas.review.item import IN_INDEX
from lambdas.review.tables import INDEX

# What the decision log and the feature store leave of the 25 + 25 units that are free: 10 to read, 7 to
# write. A change of an item costs 2 units of the table and 2 of the audit log, being a transaction, and up to
# 2 of the index: one change a second, and bursts of 300 out of what was not used for five minutes.
ITEM_UNITS = (4, 3)
INDEX_UNITS = (4, 2)
AUDIT_UNITS = (2, 2)


def review_table(scope: Construct) -> dynamodb.Table:
    """The items, which go when their decisions do, and the index by line and rank."""
    table = own_table(
        scope,
        "Reviews",
        read_units=ITEM_UNITS[0],
        write_units=ITEM_UNITS[1],
        no_recovery="the audit log tells what became of each item.",
    )
    table.add_global_secondary_index(
        index_name=INDEX,
        partition_key=dynamodb.Attribute(name="line", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="rank", type=dynamodb.AttributeType.STRING),
        projection_type=dynamodb.ProjectionType.INCLUDE,
        non_key_attributes=list(IN_INDEX),
        read_capacity=INDEX_UNITS[0],
        write_capacity=INDEX_UNITS[1],
    )
    return table


def audit_table(scope: Construct) -> dynamodb.Table:
    """The audit log, which forgets nothing."""
    table = dynamodb.Table(
        scope,
        "Audit",
        partition_key=dynamodb.Attribute(name="review", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="seq", type=dynamodb.AttributeType.NUMBER),
        billing_mode=dynamodb.BillingMode.PROVISIONED,
        read_capacity=AUDIT_UNITS[0],
        write_capacity=AUDIT_UNITS[1],
        encryption=dynamodb.TableEncryption.DEFAULT,
        deletion_protection=True,
        removal_policy=RemovalPolicy.RETAIN,
    )
    acknowledge(
        table,
        "AwsSolutions-DDB3",
        "Point-in-time recovery is not in the free tier; the table cannot be deleted by accident, the "
        "functions may neither update nor delete what is in it, and their logs have each entry's hash too.",
    )
    return table
