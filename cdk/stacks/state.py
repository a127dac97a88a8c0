"""What the app remembers: the decision log and the feature store."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk.constructs.decision_log import decision_log
from cdk.constructs.feature_store import FeatureStore, Network, feature_table
from cdk.names import stack_name


class StateStack(Stack):
    """The decision log, and the feature store: a table unless `secret` names one elsewhere."""

    def __init__(
        self, scope: Construct, *, secret: str | None, network: Network | None, decision_write_units: int
    ) -> None:
        super().__init__(
            scope, stack_name("State"), description="Triage: the decision log and the feature store"
        )
        self.decisions = decision_log(self, write_units=decision_write_units)
        self.store = FeatureStore(feature_table(self), secret, network)
        CfnOutput(self, "DecisionsTable", value=self.decisions.table_name)
        CfnOutput(self, "FeatureTable", value=self.store.table.table_name)
