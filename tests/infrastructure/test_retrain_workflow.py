"""The nightly retraining: off until somebody turns it on, least permissions, and nothing goes live by it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / ".github" / "workflows" / "retrain.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(TEXT)["jobs"]["retrain"]
    return found


def test_without_the_repositorys_variables_it_does_nothing(job: dict[str, Any]) -> None:
    assert "vars.RETRAIN_SERVICES != ''" in job["if"]
    assert "vars.AWS_RETRAIN_ROLE_ARN != ''" in job["if"]
    assert "github.ref == 'refs/heads/main'" in job["if"]


def test_it_may_ask_for_an_identity_and_write_nothing_to_the_repository(job: dict[str, Any]) -> None:
    assert yaml.safe_load(TEXT)["permissions"] == {"contents": "read"}
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert "secrets." not in TEXT
    assert job["timeout-minutes"] <= 60


def test_its_actions_are_those_of_the_other_workflow_pinned_alike() -> None:
    other = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    uses = re.findall(r"uses: (\S+ # v[\d.]+)", TEXT)
    assert len(uses) == 4
    assert all(use in other for use in uses)


def test_nothing_from_outside_is_pasted_into_its_script(job: dict[str, Any]) -> None:
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert not any("${{" in run for run in runs)
    assert "make retrain" in runs[-1] and "AWS=1" in runs[-1] and "--force" not in runs[-1]


def test_each_service_has_a_csv_and_options_of_its_own(job: dict[str, Any]) -> None:
    for name, variable in (("BASE_URI", "RETRAIN_CSV"), ("BASE_OPTIONS", "RETRAIN_OPTIONS")):
        assert job["env"][name] == f"${{{{ fromJSON(vars.{variable} || '{{}}')[matrix.service] }}}}"
        assert variable in (ROOT / "docs" / "fairness.md").read_text("utf-8")


def test_the_csv_is_fetched_once_there_is_an_identity_and_only_where_one_is_named(
    job: dict[str, Any],
) -> None:
    steps = job["steps"]
    assert steps[-2]["if"] == "env.BASE_URI != ''"
    assert "configure-aws-credentials" in steps[-3]["uses"]


@pytest.mark.parametrize("uri", ["s3://artifacts/data/my tickets.csv", None])
def test_what_was_fetched_is_what_make_is_given(job: dict[str, Any], tmp_path: Path, uri: str | None) -> None:
    """Both scripts as the runner runs them, with commands that write down how they were called."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("aws", "make"):
        (programs / name).write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" > "{tmp_path}/{name}.called"\n')
        (programs / name).chmod(0o755)
    variables = tmp_path / "variables"
    variables.touch()
    env = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GITHUB_ENV": str(variables),
        "SERVICE": "tickets",
        "BASE_URI": uri or "",
        "BASE_OPTIONS": "--text subject,body --label queue" if uri else "",
    }
    for step in job["steps"][-2:] if uri else job["steps"][-1:]:
        env |= dict(line.split("=", 1) for line in variables.read_text("utf-8").splitlines())
        subprocess.run(["bash", "-e", "-c", step["run"]], env=env, check=True)
    called = (tmp_path / "make.called").read_text("utf-8").splitlines()
    csv = f"{tmp_path}/runner/base/my tickets.csv" if uri else ""
    assert f"CSV={csv}" in called and "SERVICE=tickets" in called
    assert f"RETRAIN_FLAGS=--no-tracking {env['BASE_OPTIONS']}" in called
    if uri:
        fetched = (tmp_path / "aws.called").read_text("utf-8").splitlines()
        assert fetched == ["s3", "cp", "--only-show-errors", uri, csv]
