"""When a deployment can be skipped, and when it cannot be trusted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local import deploy
from local.errors import Misused, StepFailed
from local.place import Place


@pytest.fixture
def sources(tmp_path: Path) -> Place:
    for name in ("cdk/app.py", "lambdas/core/x.py", "local/emf_bridge/handler.py", "cdk.json", "uv.lock"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return Place(root=tmp_path, folder=tmp_path / ".local", build=tmp_path / "build")


@pytest.mark.parametrize(
    "name", ["cdk/app.py", "lambdas/core/x.py", "local/emf_bridge/handler.py", "uv.lock"]
)
def test_a_changed_source_changes_the_fingerprint(sources: Place, name: str) -> None:
    before = deploy.fingerprint(sources)
    (sources.root / name).write_text("changed")
    assert deploy.fingerprint(sources) != before


def test_a_new_renamed_or_emptied_source_changes_the_fingerprint(sources: Place) -> None:
    seen = {deploy.fingerprint(sources)}
    (sources.root / "cdk/new.py").write_text("")
    seen.add(deploy.fingerprint(sources))
    (sources.root / "cdk/new.py").rename(sources.root / "cdk/other.py")
    seen.add(deploy.fingerprint(sources))
    (sources.root / "cdk/app.py").write_text("")
    seen.add(deploy.fingerprint(sources))
    assert len(seen) == 4


def test_what_python_leaves_behind_and_what_is_not_deployed_changes_nothing(sources: Place) -> None:
    before = deploy.fingerprint(sources)
    (sources.root / "cdk/__pycache__").mkdir()
    (sources.root / "cdk/__pycache__/app.cpython-311.pyc").write_bytes(b"1")
    (sources.root / "model_build").mkdir()
    (sources.root / "model_build/cli.py").write_text("training")
    assert deploy.fingerprint(sources) == before


@pytest.mark.parametrize(
    ("status", "usable"),
    [
        ("CREATE_COMPLETE", True),
        ("UPDATE_COMPLETE", True),
        ("CREATE_IN_PROGRESS", False),
        ("ROLLBACK_COMPLETE", False),
        ("UPDATE_ROLLBACK_FAILED", False),
        ("REVIEW_IN_PROGRESS", False),
    ],
)
def test_an_interrupted_deployment_is_recognized(status: str, usable: bool) -> None:
    assert deploy.usable({"Triage-State": "CREATE_COMPLETE", "Triage-Api": status}) is usable
    assert deploy.usable({})


def synthesized(place: Place, *stacks: str) -> None:
    place.assembly.mkdir(parents=True)
    artifacts = {name: {"type": "aws:cloudformation:stack"} for name in stacks}
    tree = {"Tree": {"type": "cdk:tree"}}
    (place.assembly / "manifest.json").write_text(json.dumps({"artifacts": artifacts | tree}))


def test_every_synthesized_stack_must_be_in_place(place: Place) -> None:
    found = {"A": "CREATE_COMPLETE", "B": "UPDATE_COMPLETE", "CDKToolkit": "CREATE_COMPLETE"}
    assert not deploy.deployed(place, found)
    synthesized(place, "A", "B")
    assert not deploy.deployed(place, found)
    place.outputs.write_text("{}")
    assert deploy.deployed(place, found)
    assert not deploy.deployed(place, {"A": "CREATE_COMPLETE"})


def test_an_assembly_is_taken_for_the_sources_it_was_made_from(place: Place) -> None:
    assert not deploy.synthesized(place, "a")
    synthesized(place, "A")
    assert not deploy.synthesized(place, "a")
    (place.assembly / deploy.FINGERPRINT).write_text("a")
    assert deploy.synthesized(place, "a")
    assert not deploy.synthesized(place, "b")


def test_outputs_are_found_by_name(place: Place) -> None:
    place.outputs.write_text(json.dumps({"A": {"ApiId": "x"}, "B": {"ApiStage": "live"}}))
    assert deploy.output(deploy.outputs(place), "ApiStage") == "live"
    with pytest.raises(StepFailed, match="no output ApiKeyId"):
        deploy.output(deploy.outputs(place), "ApiKeyId")


def test_without_a_deployment_there_are_no_outputs(place: Place) -> None:
    with pytest.raises(Misused, match="Run: make up"):
        deploy.outputs(place)
