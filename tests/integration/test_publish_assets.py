"""Weights of others: uploaded once, before the bundle that names them, and there as long as one does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from lambdas.core.assets import Assets, assets_of
from lambdas.core.bundle import decode_manifest
from model_build.errors import PublishError
from model_build.publish import publish
from model_build.publish_assets import prune_assets
from tests.support.bundles import write_bundle

BUCKET = "artifacts"
SERVICE = "tickets"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def bundle(build: Path, version: str, **weights: bytes) -> Path:
    """A bundle that names an asset `eyes` of files `weights`, which lie where training leaves them."""
    write_bundle(build / "bundles", version)
    path = build / "bundles" / version / "manifest.json"
    raw = msgspec.json.decode(path.read_bytes())
    files = {}
    (build / "assets").mkdir(exist_ok=True)
    for name, body in weights.items():
        digest = hashlib.sha256(body).hexdigest()
        (build / "assets" / digest).write_bytes(body)
        files[name] = {"sha256": digest, "bytes": len(body)}
    raw["settings"]["assets"] = {"eyes": {"files": files, "licence": "MIT", "source": "a package"}}
    path.write_bytes(msgspec.json.encode(raw))
    return path.parent


class Downloads:
    """The bucket as `lambdas.core.assets` reads it."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3

    def download(self, key: str, to: Path) -> None:
        self.s3.download_file(BUCKET, key, str(to))


def stored(s3: Any) -> set[str]:
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{SERVICE}/assets/").get("Contents", [])
    return {entry["Key"].rsplit("/", 1)[1] for entry in found}


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_what_is_published_is_what_serving_fetches(s3: Any, tmp_path: Path) -> None:
    folder = bundle(tmp_path / "build", "v1", one=b"first", two=b"second")
    publish(folder, SERVICE, BUCKET, client=s3)
    manifest = decode_manifest((folder / "manifest.json").read_bytes(), SERVICE)
    assets = Assets(SERVICE, Downloads(s3), tmp_path / "cache")
    found = assets.folder("eyes", assets_of(manifest.settings)["eyes"].files)
    assert (found / "one").read_bytes() == b"first" and (found / "two").read_bytes() == b"second"


def test_assets_go_first_and_only_once(s3: Any, tmp_path: Path) -> None:
    written: list[str] = []
    s3.meta.events.register(
        "before-call.s3.PutObject", lambda params, **_: written.append(params["url_path"])
    )
    publish(bundle(tmp_path / "build", "v1", one=b"first"), SERVICE, BUCKET, client=s3)
    assert sha(b"first") in written[0] and written[-1].endswith("rollout.json")
    written.clear()
    publish(bundle(tmp_path / "build", "v2", one=b"first"), SERVICE, BUCKET, client=s3)
    assert not any("/assets/" in path for path in written)


@pytest.mark.parametrize("body", [None, b"tampered"])
def test_weights_that_are_gone_or_changed_are_not_published(
    s3: Any, tmp_path: Path, body: bytes | None
) -> None:
    folder = bundle(tmp_path / "build", "v1", one=b"first")
    path = tmp_path / "build" / "assets" / sha(b"first")
    path.unlink() if body is None else path.write_bytes(body)
    with pytest.raises(PublishError, match="make train SERVICE=tickets"):
        publish(folder, SERVICE, BUCKET, client=s3)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


def test_only_what_no_kept_bundle_names_is_removed(s3: Any, tmp_path: Path) -> None:
    for version, body in (("v1", b"old"), ("v2", b"shared"), ("v3", b"shared"), ("v4", b"new")):
        publish(bundle(tmp_path / "build", version, one=body), SERVICE, BUCKET, client=s3, keep=1)
    assert stored(s3) == {sha(b"old"), sha(b"shared"), sha(b"new")}, "what is young may be on its way"
    kept = {
        entry["Key"].split("/")[2]
        for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{SERVICE}/bundles/")["Contents"]
    }
    removed = prune_assets(s3, BUCKET, SERVICE, kept, grace=timedelta(seconds=-5))
    assert [key.rsplit("/", 1)[1] for key in removed] == [sha(b"old")]
    assert stored(s3) == {sha(b"shared"), sha(b"new")}


def test_nothing_is_removed_while_a_bundle_cannot_be_read(s3: Any, tmp_path: Path) -> None:
    publish(bundle(tmp_path / "build", "v1", one=b"first"), SERVICE, BUCKET, client=s3)
    s3.put_object(Bucket=BUCKET, Key=f"{SERVICE}/bundles/v2/manifest.json", Body=b"{")
    assert prune_assets(s3, BUCKET, SERVICE, {"v1", "v2"}, grace=timedelta(seconds=-5)) == []
