"""The nightly retraining: off until somebody turns it on, least permissions, and nothing goes live by it."""

from __future__ import annotations

import re
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
