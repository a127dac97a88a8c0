"""The CDK app: reads the settings, builds the stacks. Synthesizes offline, without an AWS account.

No stack is tied to an account or a region: the CDK CLI deploys to the one of its credentials.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk

from cdk import own_repository
from cdk.constructs.feature_store import Network
from cdk.local_differences import target
from cdk.names import PROJECT, stack_name
from cdk.service import Service
from cdk.services import SERVICES
from cdk.settings import Settings
from cdk.stacks.api import ApiStack
from cdk.stacks.artifacts import ArtifactsStack
from cdk.stacks.delivery import DeliveryStack
from cdk.stacks.operations import OperationsStack
from cdk.stacks.review import ReviewStack
from cdk.stacks.state import StateStack
from cdk.stacks.streaming import StreamingStack
from cdk.stacks.tracking import TrackingStack
from lambdas.core.errors import TriageError


def build(app: cdk.App, settings: Settings, services: Sequence[Service] = SERVICES) -> None:
    """Put the stacks that `settings` ask for into `app`."""
    where = target(local=settings.local)
    artifacts = ArtifactsStack(app)
    state = StateStack(
        app,
        secret=settings.feature_store_secret,
        network=_network(settings),
        decision_write_units=settings.decision_write_units,
    )
    streaming = StreamingStack(app, settings, where, services, artifacts, state)
    review = ReviewStack(app, where, artifacts, state, streaming.alerts)
    api = ApiStack(app, settings, where, services, artifacts, state, streaming, review)
    OperationsStack(app, settings, where, services, artifacts, state, streaming, review, api)
    if settings.github_repository and where.delivery:
        DeliveryStack(app, repository=settings.github_repository, provider_arn=settings.github_oidc_provider)
    if settings.tracking and where.tracking:
        TrackingStack(app, artifacts)
    cdk.Tags.of(app).add("project", PROJECT)


def _network(settings: Settings) -> Network | None:
    subnets, groups = settings.feature_store_subnets, settings.feature_store_security_groups
    return Network(subnets.split(","), groups.split(",")) if subnets and groups else None


def synthesize(app: cdk.App, settings: Settings, services: Sequence[Service] = SERVICES) -> Path:
    """Build and write the cloud assembly; returns its folder."""
    build(app, settings, services)
    folder = Path(app.synth().directory)
    if not target(local=settings.local).functions_as_zip:
        for consumer in map(stack_name, ("Api", "Streaming", "Review", "Operations")):
            own_repository.build_image_after(folder, consumer=consumer, producer=stack_name("Artifacts"))
    return folder


def main() -> int:
    """What the CDK CLI runs. Returns the exit code; a bad context key is one line on standard error."""
    app = cdk.App()
    try:
        synthesize(app, Settings.from_context(app.node.get_all_context()))
    except TriageError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
