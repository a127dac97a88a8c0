"""Publishing a content model: what is less fair than the champion does not get by, unless it is forced."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from lambdas.content.policies import OK
from lambdas.core.bundle import CARD, Manifest
from lambdas.core.variant import Rollout, decode_rollout
from model_build.bundle import Draft, read_bundle, write_bundle
from model_build.cli import main
from tests.conftest import TrainedContent

BUCKET = "artifacts"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def build(trained_content: TrainedContent, tmp_path: Path) -> Path:
    """A copy of the build folder, to add bundles to; the weights of others are left out of it."""
    target = tmp_path / "build"
    for part in ("work", "bundles"):
        shutil.copytree(trained_content.build / "content" / part, target / "content" / part)
    if (trained_content.build / "content" / "assets").is_dir():
        (target / "content" / "assets").symlink_to(trained_content.build / "content" / "assets")
    if (trained_content.build / "pretrained").is_dir():
        (target / "pretrained").symlink_to(trained_content.build / "pretrained")
    return target


def trained(build: Path) -> tuple[Path, Manifest]:
    folder = min((build / "content" / "bundles").iterdir())
    return folder, read_bundle(folder, "content")


def with_review_from(build: Path, review: float) -> str:
    """The trained bundle with another review threshold for every policy; its version."""
    folder, manifest = trained(build)
    heads = [
        msgspec.structs.replace(
            head,
            thresholds={
                OK: 1.0 - min(review, head.thresholds[head.name]),
                head.name: head.thresholds[head.name],
            },
        )
        for head in manifest.heads
    ]
    files = {name: folder / name for name in manifest.files if name != CARD}
    draft = Draft(
        "content", manifest.seed, manifest.training_data, heads, manifest.features, manifest.settings,
        manifest.metrics, files,
    )  # fmt: skip
    return write_bundle(folder.parent, draft, lambda path, _: path.write_text("# card\n") and None).version


def live(s3: Any) -> Rollout:
    body = s3.get_object(Bucket=BUCKET, Key="content/rollout.json")["Body"].read()
    return decode_rollout(body, "content")


def publish(build: Path, version: str, *more: str) -> int:
    return main(
        ["publish", "content", "--bucket", BUCKET, "--build-dir", str(build), "--version", version,
         "--no-tracking", "--set", "fairness.least_rows=30", *more]
    )  # fmt: skip


def test_the_gates_of_publishing(s3: Any, build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a champion that looks at everything, so all are treated alike, when one comes that does not..."""
    _, manifest = trained(build)
    everything = with_review_from(build, 0.0)
    assert publish(build, everything) == 0, "the first champion is free"
    assert "nothing is live to compare with" in capsys.readouterr().err

    assert publish(build, manifest.version, "--as", "challenger", "--share", "0.1") == 1
    told = capsys.readouterr().err
    assert "may not answer yet, and is not published" in told
    assert "FAILED   fairness by identity" in told and "passed   not worse: log-loss" in told
    assert live(s3).challenger is None

    assert publish(build, manifest.version) == 1, "nor may it take the champion's place"
    assert live(s3).champion.version == everything
    capsys.readouterr()

    assert publish(build, manifest.version, "--as", "challenger", "--shadow") == 0, (
        "in shadow it answers nobody"
    )
    found = live(s3)
    assert found.shadow and found.challenger is not None
    capsys.readouterr()

    assert publish(build, manifest.version, "--force") == 0
    assert "--force" in capsys.readouterr().err, "it is said"
    assert live(s3).champion.version == manifest.version

    assert publish(build, everything) == 0, "a fairer one gets by"


def test_a_bundle_whose_rows_are_gone_is_not_compared_and_does_not_pass(
    s3: Any, build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, manifest = trained(build)
    other = with_review_from(build, 0.01)
    assert publish(build, manifest.version) == 0
    shutil.rmtree(build / "content" / "work")
    capsys.readouterr()
    assert publish(build, other) == 1
    assert "train it again" in capsys.readouterr().err


def test_the_champion_is_fetched_where_it_was_not_built(
    s3: Any, build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, manifest = trained(build)
    other = with_review_from(build, 0.0)
    assert publish(build, manifest.version) == 0
    shutil.rmtree(folder)
    assert publish(build, other) == 0
    assert (build / "content" / "champion" / manifest.version / "model.onnx").is_file()
    assert f"beside {manifest.version}" in capsys.readouterr().err
