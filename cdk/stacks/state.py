"""What the app remembers: the decision log."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk.constructs.decision_log import decision_log
from cdk.names import stack_name


class StateStack(Stack):
    """The decision log."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, stack_name("State"), description="Triage: the decision log")
        self.decisions = decision_log(self)
        CfnOutput(self, "DecisionsTable", value=self.decisions.table_name)
