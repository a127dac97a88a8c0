"""What the app remembers: the decision log, the feature store and the media of posts."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk.constructs.decision_log import decision_log
from cdk.constructs.feature_store import FeatureStore, Network, feature_table
from cdk.constructs.uploads_bucket import OUTPUT, uploads_bucket
from cdk.names import stack_name


class StateStack(Stack):
    """The decision log, the feature store (a table unless `secret` names one elsewhere), and the uploads."""

    def __init__(
        self, scope: Construct, *, secret: str | None, network: Network | None, decision_write_units: int
    ) -> None:
        super().__init__(
            scope, stack_name("State"), description="Triage: the decision log, the feature store and uploads"
        )
        self.decisions = decision_log(self, write_units=decision_write_units)
        self.store = FeatureStore(feature_table(self), secret, network)
        CfnOutput(self, "DecisionsTable", value=self.decisions.table_name)
        self.uploads = uploads_bucket(self)
        CfnOutput(self, "FeatureTable", value=self.store.table.table_name)
        CfnOutput(self, OUTPUT, value=self.uploads.bucket_name)
