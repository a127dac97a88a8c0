"""The app as a whole: its stacks, its outputs, its tags, and that it needs no account."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infrastructure.assembly import Assembly, text

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = (ROOT / "docs" / "contracts.md").read_text("utf-8")
ALWAYS = {f"Triage-{name}" for name in ("Artifacts", "State", "Streaming", "Review", "Api", "Operations")}


def test_optional_stacks_are_off_until_asked_for(plain: Assembly, everything: Assembly) -> None:
    assert set(plain.templates) == ALWAYS
    assert set(everything.templates) == ALWAYS | {"Triage-Delivery", "Triage-Tracking"}


def test_no_stack_is_tied_to_an_account_or_region(everything: Assembly) -> None:
    environments = {
        artifact["environment"]
        for artifact in everything.manifest["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    assert environments == {"aws://unknown-account/unknown-region"}
    assert "missing" not in everything.manifest, "a lookup would need an account at synth"


def test_stack_outputs_are_those_of_the_contract(everything: Assembly, laptop: Assembly) -> None:
    rows = re.findall(r"^\| `(Triage-\w+)` \|[^|]*\|([^|]*)\|$", CONTRACTS, re.MULTILINE)
    assert rows, "docs/contracts.md lists the stacks and their outputs"
    for stack, cell in rows:
        always, _, local_only = cell.partition(";")
        promised = set(re.findall(r"`(\w+)`", always))
        assert set(everything.outputs(stack)) == promised
        if stack in laptop.templates:
            assert set(laptop.outputs(stack)) == promised | set(re.findall(r"`(\w+)`", local_only))


def test_everything_that_can_carry_a_tag_says_whose_it_is(everything: Assembly) -> None:
    for kind in (
        "AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::DynamoDB::Table", "AWS::Lambda::Function",
        "AWS::SNS::Topic", "AWS::ApiGateway::RestApi", "AWS::Logs::LogGroup", "AWS::IAM::Role",
        "AWS::EC2::Instance", "AWS::SQS::Queue", "AWS::Lambda::EventSourceMapping",
    ):  # fmt: skip
        found = everything.resources(kind)
        assert found, f"no {kind}"
        for resource in found:
            assert {"Key": "project", "Value": "triage"} in resource.properties.get("Tags", []), (
                resource.logical_id
            )


def test_the_url_and_the_key_command_can_be_used_as_they_are(plain: Assembly) -> None:
    outputs = plain.outputs("Triage-Api")
    assert re.fullmatch(
        r"https://<\w+>\.execute-api\.<AWS::Region>\.<AWS::URLSuffix>/live", text(outputs["ApiUrl"])
    )
    assert re.fullmatch(
        r"aws apigateway get-api-key --api-key <\w+> --include-value --query value --output text",
        text(outputs["ApiKeyCommand"]),
    )


def test_the_deployment_page_asks_for_outputs_that_exist(everything: Assembly) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    asked = re.findall(r"--stack-name (Triage-\w+).{0,80}?OutputKey=='(\w+)'", page, re.DOTALL)
    assert len(asked) == page.count("OutputKey==") > 0
    for stack, output in asked:
        assert output in everything.outputs(stack)


def test_the_cli_runs_the_virtual_environment_when_there_is_one(tmp_path: Path) -> None:
    """The command of cdk.json, with stand-ins for both interpreters."""
    command = json.loads((ROOT / "cdk.json").read_text("utf-8"))["app"]
    bin_folder = tmp_path / "path"
    for python in (bin_folder / "python3", tmp_path / ".venv" / "bin" / "python"):
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\necho {python.name} "$@"\n', "utf-8")
        python.chmod(0o755)
    path = {"PATH": f"{bin_folder}:{os.environ['PATH']}"}

    def run() -> str:
        return subprocess.check_output(["sh", "-c", command], cwd=tmp_path, env=path, text=True).strip()

    assert run() == "python -m cdk.app"
    shutil.rmtree(tmp_path / ".venv")
    assert run() == "python3 -m cdk.app"


@pytest.mark.parametrize(
    ("context", "complaint"),
    [
        (
            {"alarm_email": "me"},
            "error: -c alarm_email=me cannot be used: give an address such as me@example.com",
        ),
        (
            {"alarm_emial": "me@example.com"},
            "error: there is no context key 'alarm_emial': did you mean alarm_email?",
        ),
    ],
)
def test_a_bad_context_key_is_one_line_not_a_trace(
    context: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cdk.app"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CDK_OUTDIR": str(tmp_path),
            "CDK_CONTEXT_JSON": json.dumps(context),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert complaint in done.stderr.splitlines()
    assert "Traceback" not in done.stderr
