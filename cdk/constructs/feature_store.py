"""Where services keep what they know of an entity: a DynamoDB table, or a server behind a secret's URL."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk.constructs.own_table import own_table
from cdk.constructs.secrets import may_read_secret
from cdk.constructs.service_function import LoggedFunction

# Of the 25 + 25 capacity units that are free in an account; see decision_log.py. A scored transaction reads
# its card and its merchant, and writes the card.
READ_CAPACITY = 10
WRITE_CAPACITY = 8


def feature_table(scope: Construct) -> dynamodb.Table:
    """The table: key `id`, items that go when `expires` has passed. It is there whatever is used."""
    return own_table(
        scope,
        "Features",
        read_units=READ_CAPACITY,
        write_units=WRITE_CAPACITY,
        no_recovery="profiles grow again with the events to come.",
    )


@dataclass(frozen=True)
class Network:
    """Where in a VPC of the user's the server is reached from."""

    subnets: list[str]
    security_groups: list[str]


@dataclass(frozen=True)
class FeatureStore:
    """The table, or the server whose URL is in `secret`, as a function is given it.

    `network` is where functions must be to reach that server; None when it is reached from anywhere.
    """

    table: dynamodb.ITable
    secret: str | None
    network: Network | None = None

    def environment(self) -> dict[str, str]:
        """What tells a function where its store is."""
        known = {"FEATURE_TABLE": self.table.table_name}
        return known | {"FEATURE_STORE_SECRET": self.secret} if self.secret else known

    def open_to(self, made: LoggedFunction) -> None:
        """Let `made` read and write the store, and nothing of the other kind."""
        if self.secret is None:
            made.allow(["dynamodb:BatchGetItem", "dynamodb:PutItem"], [self.table.table_arn])
        else:
            may_read_secret(made, self.secret)
            if self.network is not None:
                made.join(self.network.subnets, self.network.security_groups)
