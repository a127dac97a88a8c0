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
from cdk.services import SERVICES, Route, Service
from cdk.settings import Settings
from lambdas.tickets.schema import TicketDecision, TicketRequest

EVERYTHING = Settings(alarm_email="me@example.com", github_repository="octo/triage", tracking=True)


def more_services() -> tuple[Service, ...]:
    """The services of today and two more, as somebody would list them."""
    return (
        *SERVICES,
        *(
            Service(
                name=name,
                handler=f"lambdas.{name}.handler.handle",
                routes=(
                    Route(
                        "POST", f"/v1/{name}:decide", "Decide", request=TicketRequest, response=TicketDecision
                    ),
                ),
            )
            for name in ("transactions", "content")
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
    checked(new_app(folder / "laptop"), lambda app: synthesize(app, replace(EVERYTHING, local=True)))
    checked(new_app(folder / "careless"), careless)
    with mock.patch("cdk.constructs.acknowledge.Validations"):
        checked(new_app(folder / "unacknowledged"), lambda app: synthesize(app, EVERYTHING))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
