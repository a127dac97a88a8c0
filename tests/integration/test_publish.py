"""Publishing against S3: complete, in the right order, live at once, and never over somebody else's work."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambdas.core.errors import BundleError
from lambdas.core.variant import Rollout, decode_rollout
from model_build.cli import main
from model_build.errors import PublishError
from model_build.publish import publish
from tests.support.bundles import write_bundle

BUCKET = "artifacts"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def live(s3: Any) -> Rollout:
    return decode_rollout(s3.get_object(Bucket=BUCKET, Key="tickets/rollout.json")["Body"].read(), "tickets")


def versions(s3: Any) -> set[str]:
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="tickets/bundles/").get("Contents", [])
    return {entry["Key"].split("/")[2] for entry in found}


def put(s3: Any, folder: Path, version: str, **options: Any) -> list[str]:
    if not (folder / version).exists():
        write_bundle(folder, version)
    return publish(folder / version, "tickets", BUCKET, client=s3, **options).removed


def test_a_bundle_becomes_the_champion_with_its_manifest_vouched_for(s3: Any, tmp_path: Path) -> None:
    put(s3, tmp_path, "v1")
    stored = s3.get_object(Bucket=BUCKET, Key="tickets/bundles/v1/manifest.json")["Body"].read()
    assert live(s3).champion.version == "v1"
    assert live(s3).champion.manifest_sha256 == hashlib.sha256(stored).hexdigest()
    for path in (tmp_path / "v1").iterdir():
        body = s3.get_object(Bucket=BUCKET, Key=f"tickets/bundles/v1/{path.name}")["Body"].read()
        assert body == path.read_bytes()


def test_the_manifest_is_uploaded_last_and_the_rollout_after_it(s3: Any, tmp_path: Path) -> None:
    written: list[str] = []
    s3.meta.events.register(
        "before-call.s3.PutObject", lambda params, **_: written.append(params["url_path"].rsplit("/", 1)[1])
    )
    put(s3, tmp_path, "v1")
    assert written[-2:] == ["manifest.json", "rollout.json"]
    assert set(written[:-2]) == {"model.onnx", "reference.json", "card.md", "words.txt"}


def test_a_failed_upload_leaves_what_is_live(s3: Any, tmp_path: Path) -> None:
    put(s3, tmp_path, "v1")

    def refuse(params: dict[str, Any], **_: Any) -> None:
        if params["url_path"].endswith("model.onnx"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")

    s3.meta.events.register("before-call.s3.PutObject", refuse)
    with pytest.raises(PublishError):
        put(s3, tmp_path, "v2")
    assert live(s3).champion.version == "v1"


def test_going_back_is_publishing_the_one_before(s3: Any, tmp_path: Path) -> None:
    for version in ("v1", "v2", "v1"):
        put(s3, tmp_path, version)
    assert live(s3).champion.version == "v1"


def test_a_challenger_gets_its_share_and_the_champion_stays(s3: Any, tmp_path: Path) -> None:
    put(s3, tmp_path, "v1")
    put(s3, tmp_path, "v2", role="challenger", share=0.1)
    found = live(s3)
    assert (found.champion.version, found.share) == ("v1", 0.1)
    assert found.challenger is not None and found.challenger.version == "v2"


def test_a_challenger_that_becomes_champion_challenges_no_longer(s3: Any, tmp_path: Path) -> None:
    put(s3, tmp_path, "v1")
    put(s3, tmp_path, "v2", role="challenger", shadow=True)
    put(s3, tmp_path, "v2")
    assert live(s3) == Rollout(service="tickets", champion=live(s3).champion)
    assert live(s3).champion.version == "v2"


@pytest.mark.parametrize(
    ("options", "message"),
    [({"role": "challenger"}, "--share"), ({"role": "challenger", "share": 1.5}, "--share")],
)
def test_a_challenger_without_a_share_is_refused(
    s3: Any, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    put(s3, tmp_path, "v1")
    with pytest.raises(PublishError, match=message):
        put(s3, tmp_path, "v2", **options)


def test_there_is_no_challenger_without_a_champion(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="publish a champion first"):
        put(s3, tmp_path, "v1", role="challenger", share=0.1)


def test_old_bundles_go_but_never_those_that_are_live_or_were_just_now(s3: Any, tmp_path: Path) -> None:
    put(s3, tmp_path, "v0")
    put(s3, tmp_path, "v1", role="challenger", share=0.1)
    for number in range(2, 9):
        put(s3, tmp_path, f"v{number}")
    removed = put(s3, tmp_path, "v9", keep=5)
    assert versions(s3) == {"v1", "v9", "v8", "v7", "v6", "v5", "v4", "v3"}
    assert removed == ["v2"]


def test_somebody_else_s_rollout_is_not_overwritten(s3: Any, tmp_path: Path) -> None:
    put(s3, tmp_path, "v1")
    theirs = msgspec.json.encode(msgspec.structs.replace(live(s3), salt="theirs"))
    done: list[str] = []

    def meanwhile(params: dict[str, Any], **_: Any) -> None:
        if params["url_path"].endswith("v2/manifest.json") and not done:
            done.append("once")
            s3.put_object(Bucket=BUCKET, Key="tickets/rollout.json", Body=theirs)

    s3.meta.events.register("before-call.s3.PutObject", meanwhile)
    with pytest.raises(PublishError, match="changed by somebody else"):
        put(s3, tmp_path, "v2")
    assert live(s3).salt == "theirs"


def test_a_damaged_bundle_is_never_published(s3: Any, tmp_path: Path) -> None:
    write_bundle(tmp_path, "v1")
    (tmp_path / "v1" / "model.onnx").write_bytes(b"else")
    with pytest.raises(BundleError, match=r"model\.onnx"):
        put(s3, tmp_path, "v1")
    assert versions(s3) == set()


def test_a_damaged_rollout_is_replaced(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key="tickets/rollout.json", Body=b"{not json")
    put(s3, tmp_path, "v1")
    assert live(s3).champion.version == "v1"


def test_a_missing_bucket_says_to_deploy(s3: Any, tmp_path: Path) -> None:
    write_bundle(tmp_path, "v1")
    with pytest.raises(PublishError, match=r"no such bucket: deploy first.*What was live still is"):
        publish(tmp_path / "v1", "tickets", "elsewhere", client=s3)


def test_the_command_publishes_the_newest_bundle_and_goes_back(
    s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for version in ("v1", "v2"):
        write_bundle(tmp_path / "tickets" / "bundles", version)
    command = ["publish", "tickets", "--build-dir", str(tmp_path), "--no-tracking", "--bucket", BUCKET]
    assert main(command) == 0 and live(s3).champion.version == "v2"
    assert main([*command, "--version", "v1"]) == 0 and live(s3).champion.version == "v1"
    told = capsys.readouterr().err
    assert f"v1 is the champion in s3://{BUCKET}" in told and "before it: v2" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bucket", BUCKET], "there is no bundle in"),
        ([], "which bucket? Use `make publish`"),
    ],
)
def test_what_the_command_needs_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.delenv("ARTIFACTS_BUCKET", raising=False)
    assert main(["publish", "tickets", "--build-dir", str(tmp_path), *arguments]) == 1
    assert message in capsys.readouterr().err


def test_the_list_shows_what_was_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "tickets", "--build-dir", str(tmp_path)]) == 0
    assert "nothing was built yet" in capsys.readouterr().out
    write_bundle(tmp_path / "tickets" / "bundles", "v1")
    assert main(["list", "tickets", "--build-dir", str(tmp_path)]) == 0
    assert "v1 " in capsys.readouterr().out
