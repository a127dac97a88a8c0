"""A shared MLflow server. Costs money, so only with `-c tracking=true`."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk.constructs.artifacts_bucket import artifacts_bucket
from cdk.constructs.mlflow_server import MlflowServer
from cdk.names import stack_name
from cdk.stacks.artifacts import ArtifactsStack


class TrackingStack(Stack):
    """The MLflow server; serving works with it down."""

    def __init__(self, scope: Construct, artifacts: ArtifactsStack) -> None:
        super().__init__(scope, stack_name("Tracking"), description="Triage: the MLflow tracking server")
        self.add_stack_dependency(artifacts, "the bucket")
        server = MlflowServer(self, "Mlflow", artifacts=artifacts_bucket(self))
        CfnOutput(
            self,
            "TunnelCommand",
            value=server.tunnel_command(),
            description="then set MLFLOW_TRACKING_URI=http://localhost:5000",
        )
