"""`dvc repro` in a fresh checkout: it runs everything once, then only what a change concerns."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from model_build.bundle import find_bundle, read_bundle
from model_build.cli import SERVICES, STAGES

ROOT = Path(__file__).resolve().parents[2]
TICKETS = "*@tickets"


def dvc(checkout: Path, *arguments: str) -> str:
    """What DVC prints; the test fails with all of it when DVC does."""
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The tracked files as they are now, in a repository of their own, with a quick configuration."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    params = yaml.safe_load((tmp_path / "params.yaml").read_text(encoding="utf-8"))
    params["tickets"]["synthetic_rows"] = 800
    params["tickets"]["split"]["folds"] = 2
    params["tickets"]["model"]["regularisation"] = [1.0]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    return tmp_path


def test_a_fresh_checkout_trains_and_then_knows_what_is_out_of_date(checkout: Path) -> None:
    everything = list(yaml.safe_load((checkout / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
    said = dvc(checkout, "repro", "--glob", TICKETS)
    ran = [line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")]
    assert sorted(ran) == sorted(f"{name}@tickets" for name in everything)
    bundles = checkout / "build" / "tickets" / "bundles"
    manifest = read_bundle(find_bundle(bundles, "tickets"), "tickets")
    assert json.loads(dvc(checkout, "metrics", "show", "--json"))[""]["data"][
        "build/tickets/work/metrics.json"
    ]["data"]["accuracy"] == pytest.approx(manifest.metrics["accuracy"])

    status = ["status", "--json", *(f"{name}@tickets" for name in everything)]
    assert json.loads(dvc(checkout, *status)) == {"data@tickets": ["always changed"]}
    params = (checkout / "params.yaml").read_text(encoding="utf-8")
    (checkout / "params.yaml").write_text(params.replace("coverage: 0.9", "coverage: 0.8"), encoding="utf-8")
    assert set(json.loads(dvc(checkout, *status))) == {"data@tickets", "calibrate@tickets"}


def test_every_service_that_can_be_trained_has_the_stages() -> None:
    defined = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    services = next(var["services"] for var in defined["vars"] if "services" in var)
    assert services == list(SERVICES)
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for stage in defined["stages"].values():
        for key in stage["do"].get("params", ()):
            for service in services:
                found = params
                for name in key.replace("${item}", service).split("."):
                    assert name in found, key
                    found = found[name]


def test_the_pipeline_has_every_stage_of_the_command_line() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    called = [
        name
        for stage in stages.values()
        for name in stage["do"]["cmd"].split("stage ")[1].split()[0].split(",")
    ]
    assert called == list(STAGES)
