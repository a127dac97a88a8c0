"""Synthesizes every variant of the app that the tests look at, in one process: `… synthesize <folder>`.

Each variant is a cloud assembly in a folder of its own. A process of its own because the CDK starts
Node, which the test workers then need not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import aws_cdk as cdk
import cdk_nag
from aws_cdk import aws_s3 as s3

from cdk.app import synthesize
from cdk.names import ROOT
from cdk.service import Route, Service, Worker
from cdk.services import SERVICES
from cdk.settings import Settings
from lambdas.tickets.schema import TicketDecision, TicketRequest

EVERYTHING = Settings(
    alarm_email="me@example.com",
    monthly_budget_usd=20.0,
    github_repository="octo/triage",
    tracking=True,
    prometheus=True,
)
KINESIS = replace(EVERYTHING, stream="kinesis")
KAFKA = replace(
    EVERYTHING,
    stream="kafka",
    kafka_bootstrap="one.example.com:9096,two.example.com:9096",
    kafka_secret="triage/kafka",
    feature_store_secret="triage/feature-store",
    feature_store_subnets="subnet-0a1b2c3d,subnet-1a2b3c4d",
    feature_store_security_groups="sg-0a1b2c3d",
)
LAPTOP = replace(EVERYTHING, local=True, prometheus=False, feature_store_secret="triage/feature-store")


def more_services(*, second_stream: bool = False) -> tuple[Service, ...]:
    """One more service than there are, which has all that a service may have but a learner and a stream.

    With `second_stream` it has that too: then the alarm on late streams is on two metrics, which both count.
    """
    return (
        *SERVICES,
        Service(
            name="messages",
            handler="lambdas.messages.handler.handle",
            routes=(
                Route(
                    "POST", "/v1/messages:decide", "Decide", request=TicketRequest, response=TicketDecision
                ),
            ),
            feature_store=True,
            catch_up=Worker("lambdas.messages.catch_up.handle"),
            stream=Worker("lambdas.messages.stream.handle") if second_stream else None,
            later=Worker("lambdas.messages.later.handle"),
            media=True,
            looks_back=True,
        ),
    )


def new_app(folder: Path) -> cdk.App:
    """An app with the context of cdk.json."""
    return cdk.App(outdir=str(folder), context=json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"])


def checked(app: cdk.App, make: Callable[[cdk.App], Any]) -> None:
    """Synthesize under cdk-nag's AwsSolutions. Findings end up in validation-report.json of the assembly."""
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    try:
        make(app)
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise


def careless(app: cdk.App) -> None:
    """A stack with findings and no acknowledgement: it shows that the checks run."""
    s3.Bucket(cdk.Stack(app, "Careless"), "Open")
    app.synth()


def main(folder: Path) -> None:
    """Write every variant below `folder`."""
    synthesize(new_app(folder / "plain"), Settings())
    synthesize(new_app(folder / "more-services"), Settings(), more_services())
    checked(new_app(folder / "everything"), lambda app: synthesize(app, EVERYTHING))
    checked(new_app(folder / "kinesis"), lambda app: synthesize(app, KINESIS))
    checked(new_app(folder / "kafka"), lambda app: synthesize(app, KAFKA))
    checked(new_app(folder / "laptop"), lambda app: synthesize(app, LAPTOP))
    checked(new_app(folder / "careless"), careless)
    with mock.patch("cdk.constructs.acknowledge.Validations"):
        checked(new_app(folder / "unacknowledged"), lambda app: synthesize(app, KAFKA))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
