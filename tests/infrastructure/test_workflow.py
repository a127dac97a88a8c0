"""The GitHub workflow: least permissions, no long-lived key, and a deployment that AWS would let in."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk.constructs.deploy_role import BRANCH, ENVIRONMENT
from cdk.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TEXT)
    return loaded


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_it_lints_tests_builds_and_then_deploys(workflow: dict[str, Any]) -> None:
    assert set(workflow["jobs"]) == {"lint", "test", "image", "deploy"}
    assert set(workflow["jobs"]["deploy"]["needs"]) == {"lint", "test", "image"}
    assert workflow[True] == {"push": {"branches": ["main"]}, "pull_request": None}  # YAML reads `on` as true


def test_only_the_deploy_job_may_ask_for_an_identity(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        wanted = {"contents": "read", "id-token": "write"} if name == "deploy" else None
        assert job.get("permissions") == wanted, name


def test_there_is_no_secret_and_no_access_key() -> None:
    assert "secrets." not in TEXT
    assert not re.findall(r"aws-(secret-)?access-key-id|AKIA[0-9A-Z]{16}", TEXT)


def test_every_action_is_pinned_to_a_commit_and_says_its_version() -> None:
    uses = re.findall(r"uses: (\S+)(.*)", TEXT)
    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action}{comment}"


def test_checkout_leaves_no_token_behind(workflow: dict[str, Any]) -> None:
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_the_deployment_is_one_that_the_role_accepts(workflow: dict[str, Any]) -> None:
    deploy = workflow["jobs"]["deploy"]
    assert deploy["environment"] == ENVIRONMENT
    assert f"github.ref == '{BRANCH}'" in deploy["if"]
    assert "github.event_name == 'push'" in deploy["if"], "a pull request never deploys"
    (login,) = [s for s in deploy["steps"] if s.get("uses", "").startswith("aws-actions/")]
    assert login["with"] == {
        "role-to-assume": "${{ vars.AWS_DEPLOY_ROLE_ARN }}",
        "aws-region": "${{ vars.AWS_REGION }}",
    }


def test_it_deploys_with_context_keys_that_exist(workflow: dict[str, Any]) -> None:
    (command,) = [s["run"] for s in workflow["jobs"]["deploy"]["steps"] if "cdk deploy" in s.get("run", "")]
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:3] == ["node_modules/.bin/cdk", "deploy", "--all"]
    keys = {word.partition("=")[0] for flag, word in pairwise(words) if flag == "-c"}
    assert keys == {"alarm_email", "github_repository"}
    # Without the variable the address is empty, which is the same as not given.
    assert Settings.from_context({"alarm_email": ""}).alarm_email is None


def test_nothing_from_outside_is_pasted_into_a_script(workflow: dict[str, Any]) -> None:
    for step in steps(workflow):
        assert "${{" not in step.get("run", ""), "use env: a value could hold a command"


def test_every_job_ends_by_itself(workflow: dict[str, Any]) -> None:
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
