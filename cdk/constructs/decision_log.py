"""The DynamoDB table every decision is written to."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk.constructs.own_table import own_table

# Of the 25 + 25 capacity units that are free in an account. The feature store has 10 + 8 of them; the rest
# is left for the review queue. tests/infrastructure counts them all.
READ_CAPACITY = 5


def decision_log(scope: Construct, *, write_units: int) -> dynamodb.Table:
    """The decision log: key `id`, items that go when `expires` has passed. On-demand would not be free.

    Its stream tells of each decision as it is written: what alerts are made from.
    """
    return own_table(
        scope,
        "Decisions",
        read_units=READ_CAPACITY,
        write_units=write_units,
        stream=dynamodb.StreamViewType.NEW_IMAGE,
        no_recovery="the log forgets after 30 days anyway.",
    )
