"""Fetching ahead: what it fetched is used once and as carefully; what it could not changes nothing."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lambdas.core.bundle_cache import BundleCache
from lambdas.core.errors import DependencyDown, TriageError
from lambdas.core.model_store import ModelStore
from lambdas.core.prefetch import bundles_of, prefetch
from lambdas.core.settings import DecisionSettings
from lambdas.core.variant import Rollout
from lambdas.tickets.service import TicketModel, Tickets
from tests.support.bundles import Shelf, write_bundle

MODEL = "tickets/bundles/v1/model.onnx"


def published(tmp_path: Path) -> Shelf:
    shelf = Shelf()
    ref = write_bundle(tmp_path / "built", "v1")
    shelf.put_bundle(tmp_path / "built", "v1")
    shelf.put_rollout(Rollout("tickets", ref))
    return shelf


def store_over(bundles: BundleCache, failures: list[TriageError]) -> ModelStore[TicketModel]:
    return ModelStore(bundles, open_model=Tickets().open, on_failure=failures.append)


def live(bundles: BundleCache) -> tuple[str | None, list[TriageError]]:
    failures: list[TriageError] = []
    store = store_over(bundles, failures)
    store.refresh()
    champion = store.champion()
    return champion.manifest.version if champion else None, failures


def test_what_was_fetched_ahead_is_not_read_again(tmp_path: Path) -> None:
    shelf = published(tmp_path)
    bundles = BundleCache("tickets", shelf, tmp_path / "cache")
    bundles.look_ahead()
    before = list(shelf.reads)
    assert len(before) == len(set(before)) == 4
    assert live(bundles) == ("v1", [])
    assert shelf.reads == before


def test_only_the_first_look_is_answered_from_ahead(tmp_path: Path) -> None:
    shelf = published(tmp_path)
    bundles = BundleCache("tickets", shelf, tmp_path / "cache")
    bundles.look_ahead()
    first = bundles.rollout(None)
    assert first is not None
    assert bundles.rollout(first.etag) is None
    assert shelf.reads.count("tickets/rollout.json") == 2


def test_a_bucket_that_is_down_is_asked_once_and_told_as_before(tmp_path: Path) -> None:
    shelf = published(tmp_path)
    shelf.fail_with = DependencyDown("s3 did not answer")
    bundles = BundleCache("tickets", shelf, tmp_path / "cache")
    bundles.look_ahead()
    version, failures = live(bundles)
    assert version is None
    assert [failure.detail for failure in failures] == ["s3 did not answer"]
    assert shelf.reads == ["tickets/rollout.json"]
    shelf.fail_with = None
    assert live(bundles) == ("v1", [])


@pytest.mark.parametrize("damage", ["tampered", "missing"])
def test_what_is_damaged_is_never_opened_and_told_as_before(tmp_path: Path, damage: str) -> None:
    shelf = published(tmp_path)
    if damage == "missing":
        del shelf.objects[MODEL]
    else:
        shelf.objects[MODEL] = shelf.objects[MODEL][:-1] + b"x"
    plain = live(BundleCache("tickets", shelf, tmp_path / "plain"))
    bundles = BundleCache("tickets", shelf, tmp_path / "cache")
    bundles.look_ahead()
    version, failures = live(bundles)
    assert version is None
    assert [str(failure) for failure in failures] == [str(failure) for failure in plain[1]]
    assert list((tmp_path / "cache" / "tickets").iterdir()) == []


def test_a_challenger_that_fails_ahead_leaves_the_champion(tmp_path: Path) -> None:
    shelf = Shelf()
    champion, challenger = (write_bundle(tmp_path / "built", version) for version in ("v1", "v2"))
    shelf.put_bundle(tmp_path / "built", "v1")
    shelf.put_rollout(Rollout("tickets", champion, challenger, share=1.0))
    bundles = BundleCache("tickets", shelf, tmp_path / "cache")
    bundles.look_ahead()
    version, failures = live(bundles)
    assert version == "v1"
    assert len(failures) == 1


def test_what_vanished_since_is_fetched_again(tmp_path: Path) -> None:
    shelf = published(tmp_path)
    bundles = BundleCache("tickets", shelf, tmp_path / "cache")
    bundles.look_ahead()
    BundleCache("tickets", shelf, tmp_path / "cache").forget_others([])
    assert live(bundles) == ("v1", [])


def test_two_functions_at_once_on_one_cache(tmp_path: Path) -> None:
    """Both land; the second finds the first one's copy, checks it, and leaves nothing of its own behind."""
    shelf, both = published(tmp_path), threading.Barrier(2)

    class Together(Shelf):
        def download(self, key: str, to: Path) -> str:
            found = super().download(key, to)
            if key == MODEL:
                both.wait(timeout=10)
            return found

    caches = [BundleCache("tickets", Together(shelf.objects), tmp_path / "cache") for _ in range(2)]
    threads = [threading.Thread(target=cache.look_ahead) for cache in caches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [live(cache) for cache in caches] == [("v1", [])] * 2
    assert [path.name for path in (tmp_path / "cache" / "tickets").iterdir()] == ["v1"]


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DecisionSettings]:
    """A bucket over HTTP with one bundle; the environment points at it."""
    objects = published(tmp_path).objects

    class Objects(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = objects.get(self.path.removeprefix("/artifacts/"))
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Objects) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = DecisionSettings(
            artifacts_bucket="artifacts", decisions_table="t", model_cache_dir=tmp_path / "cache"
        )
        for name, value in {
            "ARTIFACTS_BUCKET": "artifacts", "DECISIONS_TABLE": "t",
            "MODEL_CACHE_DIR": str(tmp_path / "cache"),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield settings
        server.shutdown()


def test_a_function_finds_what_it_began_with(bucket: DecisionSettings) -> None:
    prefetch("tickets")
    found = bundles_of("tickets", bucket)
    assert (bucket.model_cache_dir / "tickets" / "v1" / "model.onnx").is_file()
    assert live(found) == ("v1", [])


def test_what_was_begun_for_other_settings_is_left_alone(bucket: DecisionSettings, tmp_path: Path) -> None:
    prefetch("tickets")
    other = DecisionSettings(
        artifacts_bucket="artifacts", decisions_table="t", model_cache_dir=tmp_path / "2"
    )
    assert live(bundles_of("tickets", other)) == ("v1", [])
    assert (tmp_path / "2" / "tickets" / "v1" / "model.onnx").is_file()


def test_without_settings_nothing_is_begun(monkeypatch: pytest.MonkeyPatch, bucket: DecisionSettings) -> None:
    monkeypatch.delenv("ARTIFACTS_BUCKET")
    prefetch("tickets")
    assert live(bundles_of("tickets", bucket)) == ("v1", [])


def test_garbage_is_looked_for_again_once_the_function_has_started(bucket: DecisionSettings) -> None:
    prefetch("tickets")
    assert not gc.isenabled()
    bundles_of("tickets", bucket)
    assert gc.isenabled()
    gc.unfreeze()


def test_what_begins_it_imports_nothing_that_takes_long() -> None:
    code = "import sys, lambdas.core.prefetch\n"
    code += (
        "print([name for name in ('numpy', 'onnxruntime', 'aws_lambda_powertools') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
