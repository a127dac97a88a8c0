"""Publishing beside rollouts: not while one runs, and keeping what an undoing needs; and the pre-flight."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from lambdas.core.bundle import CARD, MANIFEST, MODEL
from lambdas.core.variant import BundleRef, Rollout, decode_rollout
from lambdas.rollout.record import Lock, Preflight, Record, lock_key, record_key
from lambdas.rollout.store import RolloutStore
from model_build.bundle import Draft, read_bundle, write_bundle
from model_build.cli import main
from model_build.errors import RolloutRuns
from model_build.objects import BotoObjects
from model_build.publish import publish, upload
from tests.conftest import TrainedTickets
from tests.support.bundles import write_bundle as tiny_bundle
from tests.support.rollouts import PLAN

BUCKET = "artifacts"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def store(s3: Any) -> RolloutStore:
    return RolloutStore(BotoObjects(s3, BUCKET), "tickets")


def put(s3: Any, folder: Path, version: str, **options: Any) -> None:
    tiny_bundle(folder, version)
    publish(folder / version, "tickets", BUCKET, client=s3, **options)


def versions(s3: Any) -> set[str]:
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="tickets/bundles/").get("Contents", [])
    return {entry["Key"].split("/")[2] for entry in found}


def lock(s3: Any, **changes: Any) -> None:
    held = msgspec.structs.replace(Lock("r1", "ana@desk", "2026-06-01T12:00:00+00:00"), **changes)
    s3.put_object(Bucket=BUCKET, Key=lock_key("tickets"), Body=msgspec.json.encode(held))


def test_while_a_rollout_runs_nothing_is_published_unless_forced(s3: Any, tmp_path: Path) -> None:
    put(s3, tmp_path, "v1")
    lock(s3)
    with pytest.raises(RolloutRuns, match=r"r1 by ana@desk, since 2026-06-01.*make rollback SERVICE=tickets"):
        put(s3, tmp_path, "v2")
    assert store(s3).live().value.champion.version == "v1"
    assert versions(s3) == {"v1"}
    publish(tmp_path / "v2", "tickets", BUCKET, client=s3, force=True)
    assert store(s3).live().value.champion.version == "v2"
    lock(s3, released_at="2026-06-01T12:10:00+00:00")
    put(s3, tmp_path, "v3")


def test_the_bundles_of_the_newest_rollout_stay_however_many_are_published(s3: Any, tmp_path: Path) -> None:
    put(s3, tmp_path, "v0")
    ref = store(s3).live().value.champion
    for rollout_id, champion in (("20260601T000000Z-aa", "gone"), ("20260602T000000Z-bb", "v0")):
        before = Rollout(service="tickets", champion=msgspec.structs.replace(ref, version=champion))
        record = Record(rollout_id, "tickets", "ana", "now", before, BundleRef("v1", "0"), PLAN)
        s3.put_object(Bucket=BUCKET, Key=record_key("tickets", rollout_id), Body=msgspec.json.encode(record))
    for version in ("v1", "v2", "v3", "v4"):
        put(s3, tmp_path, version, keep=0)
    assert versions(s3) == {"v0", "v1", "v3", "v4"}


def test_an_upload_makes_nothing_live_and_removes_nothing_that_is(s3: Any, tmp_path: Path) -> None:
    put(s3, tmp_path, "v1")
    before = store(s3).live()
    for k in range(8):
        tiny_bundle(tmp_path, f"w{k}")
        named = upload(tmp_path / f"w{k}", "tickets", BUCKET, client=s3)
    assert store(s3).live() == before
    assert named == BundleRef("w7", hashlib.sha256((tmp_path / "w7" / MANIFEST).read_bytes()).hexdigest())
    assert versions(s3) == {"v1", "w7", *(f"w{k}" for k in range(2, 7))}


@pytest.fixture
def build(trained_tickets: TrainedTickets, tmp_path: Path) -> Path:
    for part in ("work", "bundles"):
        shutil.copytree(trained_tickets.build / "tickets" / part, tmp_path / "build" / "tickets" / part)
    return tmp_path / "build"


def copied(build: Path, note: str, model: bytes | None = None) -> str:
    """The trained bundle once more under a version of its own, perhaps with another graph."""
    folder = min((build / "tickets" / "bundles").iterdir())
    known = read_bundle(folder, "tickets")
    files = {name: folder / name for name in known.files if name != CARD}
    if model is not None:
        files[MODEL] = build / "other.onnx"
        files[MODEL].write_bytes(model)
    draft = Draft(
        "tickets", known.seed, known.training_data, known.heads, known.features,
        {**known.settings, "note": note}, known.metrics, files,
    )  # fmt: skip
    return write_bundle(folder.parent, draft, lambda path, _: path.write_text("# a copy\n") and None).version


def preflight(build: Path, *words: str) -> int:
    return main(
        ["preflight", "tickets", "--bucket", BUCKET, "--build-dir", str(build), "--by", "ana@desk", *words]
    )


def test_the_preflight_looks_uploads_and_writes_down_what_it_saw(
    s3: Any, build: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    champion = min((build / "tickets" / "bundles").iterdir())
    assert preflight(build) == 1
    assert "nothing of 'tickets' is live yet" in capsys.readouterr().err
    publish(champion, "tickets", BUCKET, client=s3)
    assert preflight(build) == 1
    assert "is the champion already" in capsys.readouterr().err
    version, out = copied(build, "a copy"), tmp_path / "said.json"
    assert preflight(build, "--version", version[:20], "--out", str(out)) == 0
    said = store(s3).preflight(version)
    assert msgspec.json.decode(out.read_bytes(), type=Preflight) == said
    assert (said.champion, said.by, said.forced, said.failed) == (champion.name, "ana@desk", False, [])
    gates = {each.gate for each in said.verdicts if each.passed}
    assert gates >= {"bundle", "parity", "contract: determinism", "contract: order", "not worse: errors"}
    assert hashlib.sha256(store(s3).manifest(version)).hexdigest() == said.manifest_sha256
    assert store(s3).live().value == Rollout(service="tickets", champion=store(s3).live().value.champion)


def test_the_challenger_that_waits_is_what_is_meant_and_may_be_in_the_bucket_alone(
    s3: Any, build: Path
) -> None:
    champion = min((build / "tickets" / "bundles").iterdir())
    publish(champion, "tickets", BUCKET, client=s3)
    version = copied(build, "a copy")
    folder = build / "tickets" / "bundles" / version
    publish(folder, "tickets", BUCKET, role="challenger", waiting=True, client=s3)
    shutil.rmtree(folder)
    newer = copied(build, "a newer one")
    assert preflight(build) == 0
    assert store(s3).preflight(version).failed == []
    assert version != newer
    raw = s3.get_object(Bucket=BUCKET, Key="tickets/rollout.json")["Body"].read()
    assert decode_rollout(raw, "tickets").share == 0.0


def test_what_cannot_be_opened_is_not_uploaded_unless_forced(
    s3: Any, build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    champion = min((build / "tickets" / "bundles").iterdir())
    publish(champion, "tickets", BUCKET, client=s3)
    version = copied(build, "broken", model=b"no graph")
    assert preflight(build, "--version", version) == 1
    assert "contract: opens" in capsys.readouterr().err
    assert versions(s3) == {champion.name}
    assert preflight(build, "--version", version, "--force") == 0
    said = store(s3).preflight(version)
    assert (said.forced, [each.gate for each in said.failed]) == (True, ["contract: opens"])
