"""Where `make publish` publishes to."""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from local import publish, running, state
from local.emulator import Emulator
from local.errors import Misused, NotRunning
from local.place import Place
from local.state import State

LAPTOP = State(port=4601, endpoint="http://127.0.0.1:4601", pid=7)


class Account:
    """Stands for CloudFormation in the user's account."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if self.failure is not None:
            raise self.failure
        assert StackName == "Triage-Artifacts"
        values = {"ImageRepository": "r", "ArtifactsBucket": "the-account-bucket"}
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in values.items()]}]}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    calls: list[tuple[list[str], dict[str, str]]] = []

    class Completed:
        returncode = 3

    def run(command: list[str], env: dict[str, str], **_: object) -> Completed:
        calls.append((command, env))
        return Completed()

    monkeypatch.setattr(publish.subprocess, "run", run)
    monkeypatch.setattr(boto3, "client", lambda service: Account())
    monkeypatch.setenv("AWS_PROFILE", "mine")
    return calls


def on_the_laptop(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    state.save(place, LAPTOP)
    place.outputs.write_text(json.dumps({"Triage-Artifacts": {"ArtifactsBucket": "the-laptop-bucket"}}))
    monkeypatch.setattr(running, "find", lambda place: Emulator(7, 4601))


def test_the_laptop_is_meant_when_its_stack_runs(
    place: Place, monkeypatch: pytest.MonkeyPatch, ran: list[tuple[list[str], dict[str, str]]]
) -> None:
    on_the_laptop(monkeypatch, place)
    assert publish.publish(place, "tickets", ["--version", "v"], to_aws=False) == 3
    command, env = ran[0]
    options = ["--bucket", "the-laptop-bucket", "--version", "v"]
    assert command == [sys.executable, "-m", "model_build", "publish", "tickets", *options]
    assert env["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4601"
    assert "AWS_PROFILE" not in env


@pytest.mark.parametrize(("laptop", "to_aws"), [(True, True), (False, False), (False, True)])
def test_the_account_is_meant_when_asked_or_when_there_is_no_laptop_stack(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    ran: list[tuple[list[str], dict[str, str]]],
    laptop: bool,
    to_aws: bool,
) -> None:
    if laptop:
        on_the_laptop(monkeypatch, place)
    publish.publish(place, "tickets", [], to_aws=to_aws)
    command, env = ran[0]
    assert "the-account-bucket" in command
    assert "AWS_ENDPOINT_URL" not in env
    assert env["AWS_PROFILE"] == "mine"


def test_a_stopped_laptop_stack_is_not_mistaken_for_the_account(place: Place, ran: list[object]) -> None:
    state.save(place, LAPTOP)
    with pytest.raises(NotRunning, match=r"make up.*make publish AWS=1"):
        publish.publish(place, "tickets", [], to_aws=False)
    assert ran == []


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (
            ClientError(
                {"Error": {"Code": "ValidationError", "Message": "Stack does not exist"}}, "DescribeStacks"
            ),
            "no stack Triage-Artifacts in this region. For AWS: make deploy first.",
        ),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks"), "AWS refused"),
        (NoCredentialsError(), "Unable to locate credentials.*AWS_PROFILE.*make up first"),
    ],
)
def test_an_account_that_cannot_be_used_says_what_to_do(
    place: Place, monkeypatch: pytest.MonkeyPatch, ran: list[object], failure: Exception, message: str
) -> None:
    monkeypatch.setattr(boto3, "client", lambda service: Account(failure))
    with pytest.raises(Misused, match=message):
        publish.publish(place, "tickets", [], to_aws=True)
    assert ran == []
