"""The image goes to the app's own repository, by a plain `cdk deploy --all`, the first time too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cdk.own_repository import build_image_after
from tests.infrastructure.assembly import Assembly, text

ROOT = Path(__file__).resolve().parents[2]

WITH_FUNCTIONS = ("Triage-Api", "Triage-Streaming", "Triage-Review", "Triage-Operations")


def test_one_image_tagged_with_its_own_hash(plain: Assembly) -> None:
    images = plain.assets("Triage-Api")["dockerImages"]
    assert len(images) == 1
    (asset_hash, image), = images.items()  # fmt: skip
    (destination,) = image["destinations"].values()
    assert destination["repositoryName"] == "triage"
    assert destination["imageTag"] == asset_hash, "an immutable repository takes each tag once"
    assert image["source"]["platform"] == "linux/amd64"


def test_it_is_pushed_under_the_role_that_the_artifacts_stack_makes(plain: Assembly) -> None:
    (image,) = plain.assets("Triage-Api")["dockerImages"].values()
    (destination,) = image["destinations"].values()
    role = plain.one(
        "AWS::IAM::Role", Description="Pushes images to the triage repository; the CDK CLI assumes it"
    )
    name = text(role.properties["RoleName"]).replace("<", "${").replace(">", "}")
    assert destination["assumeRoleArn"] == f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{name}"


def test_no_image_goes_anywhere_else(plain: Assembly) -> None:
    for stack in plain.templates:
        if stack not in WITH_FUNCTIONS:
            assert not plain.assets(stack).get("dockerImages")


def test_building_and_pushing_wait_for_the_repository(plain: Assembly) -> None:
    artifacts = plain.manifest["artifacts"]
    # The CLI lets pushing wait for what the stack waits for, and building for what its assets wait for.
    for stack in WITH_FUNCTIONS:
        assert "Triage-Artifacts" in artifacts[stack]["dependencies"]
        assert artifacts[f"{stack}.assets"]["dependencies"] == ["Triage-Artifacts"]


def test_all_stacks_with_functions_share_one_image(plain: Assembly) -> None:
    api, *others = (plain.assets(stack)["dockerImages"] for stack in WITH_FUNCTIONS)
    assert others == [api] * len(others)


def test_the_laptop_builds_no_image(laptop: Assembly) -> None:
    assert not any(laptop.assets(stack).get("dockerImages") for stack in laptop.templates)


def test_the_image_holds_the_code_and_no_caches(plain: Assembly) -> None:
    (image,) = plain.assets("Triage-Api")["dockerImages"].values()
    folder = plain.folder / image["source"]["directory"]
    assert (folder / "Dockerfile").is_file()
    assert (folder / "tickets" / "handler.py").is_file()
    assert not [p for p in folder.rglob("*") if p.name == "__pycache__" or p.suffix == ".pyc"]


def test_the_repository_never_moves_a_tag_scans_and_keeps_two(plain: Assembly) -> None:
    repository = plain.one("AWS::ECR::Repository").properties
    assert repository["RepositoryName"] == "triage"
    assert repository["ImageTagMutability"] == "IMMUTABLE"
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert repository["EmptyOnDelete"] is True
    (rule,) = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2}
    assert rule["action"] == {"type": "expire"}


def test_only_lambda_may_pull_and_only_for_this_apps_functions(plain: Assembly) -> None:
    (statement,) = plain.one("AWS::ECR::Repository").properties["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert set(statement["Action"]) == {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
    source = text(statement["Condition"]["ArnLike"]["aws:SourceArn"])
    assert source.endswith(":lambda:<AWS::Region>:<AWS::AccountId>:function:triage-*")


def test_the_dependency_is_added_once_and_only_for_stacks_that_are_there(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    artifacts = {
        "A": {"type": "aws:cloudformation:stack"},
        "B": {"type": "aws:cloudformation:stack"},
        "B.assets": {"type": "cdk:asset-manifest", "dependencies": ["X"]},
    }
    manifest.write_text(json.dumps({"artifacts": artifacts}), "utf-8")
    for _ in range(2):
        build_image_after(tmp_path, consumer="B", producer="A")
    written = json.loads(manifest.read_text("utf-8"))["artifacts"]
    assert written["B.assets"]["dependencies"] == ["A", "X"]
    assert written["A"] == artifacts["A"]
    for consumer, producer in (("A", "B"), ("B", "C"), ("B", "B.assets")):
        with pytest.raises(KeyError):
            build_image_after(tmp_path, consumer=consumer, producer=producer)
