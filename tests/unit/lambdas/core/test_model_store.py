"""The model store: only a whole, vouched-for bundle is ever loaded, and what runs keeps running."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdas.core.bundle_cache import BundleCache
from lambdas.core.errors import DependencyDown, TriageError
from lambdas.core.model_store import DAMAGED_REST, ModelStore
from lambdas.core.variant import BundleRef, Rollout
from lambdas.tickets.service import TicketModel, Tickets
from tests.support.bundles import Shelf, write_bundle


class World:
    """A shelf of bundles, a clock that the test moves, and a store."""

    def __init__(self, tmp_path: Path) -> None:
        self.built = tmp_path / "built"
        self.cache = tmp_path / "cache"
        self.shelf = Shelf()
        self.now = 0.0
        self.failures: list[TriageError] = []
        self.store: ModelStore[TicketModel] = ModelStore(
            BundleCache("tickets", self.shelf, self.cache),
            open_model=Tickets().open,
            on_failure=self.failures.append,
            clock=lambda: self.now,
        )

    def publish(self, version: str, **rollout: object) -> BundleRef:
        ref = write_bundle(self.built, version)
        self.shelf.put_bundle(self.built, version)
        self.shelf.put_rollout(Rollout("tickets", ref, **rollout))  # type: ignore[arg-type]
        return ref

    def live(self, after: float = 10.0) -> str | None:
        self.now += after
        self.store.refresh()
        picked = self.store.pick("someone")
        return picked.manifest.version if picked else None


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_champion_is_loaded(world: World) -> None:
    world.publish("v1")
    assert world.live() == "v1"
    assert not world.failures


def test_nothing_published_means_no_model_and_a_failure_that_says_so(world: World) -> None:
    assert world.live() is None
    assert "tickets/rollout.json" in world.failures[0].detail


def test_a_new_champion_goes_live_without_a_restart_and_the_old_one_leaves_the_cache(world: World) -> None:
    world.publish("v1")
    world.live()
    world.publish("v2")
    assert world.live() == "v2"
    assert [path.name for path in (world.cache / "tickets").iterdir()] == ["v2"]


def test_rollout_is_looked_at_only_every_refresh_and_by_etag(world: World) -> None:
    world.publish("v1")
    world.live()
    before = len(world.shelf.reads)
    for _ in range(5):
        world.live(after=1.0)
    assert len(world.shelf.reads) == before
    world.live()
    assert world.shelf.reads[before:] == ["tickets/rollout.json"]


@pytest.mark.parametrize("name", ["model.onnx", "words.txt"])
def test_a_tampered_file_is_never_loaded(world: World, name: str) -> None:
    world.publish("v1")
    world.live()
    world.publish("v2")
    content = bytearray(world.shelf.objects[f"tickets/bundles/v2/{name}"])
    content[len(content) // 2] ^= 1
    world.shelf.objects[f"tickets/bundles/v2/{name}"] = bytes(content)
    assert world.live() == "v1"
    assert "sha256" in world.failures[-1].detail


@pytest.mark.parametrize("name", ["reference.json", "card.md"])
def test_what_serving_never_opens_is_not_fetched(world: World, name: str) -> None:
    world.publish("v1")
    key = f"tickets/bundles/v1/{name}"
    del world.shelf.objects[key]
    assert world.live() == "v1"
    assert key not in world.shelf.reads


def test_a_truncated_file_is_never_loaded(world: World) -> None:
    world.publish("v1")
    key = "tickets/bundles/v1/model.onnx"
    world.shelf.objects[key] = world.shelf.objects[key][:-10]
    assert world.live() is None
    assert "bytes, the manifest says" in world.failures[-1].detail


def test_a_missing_file_leaves_the_running_bundle_in_place(world: World) -> None:
    world.publish("v1")
    world.live()
    world.publish("v2")
    del world.shelf.objects["tickets/bundles/v2/model.onnx"]
    assert world.live() == "v1"


def test_a_swapped_manifest_is_refused_even_when_it_agrees_with_its_files(world: World) -> None:
    """The attacker rewrites the whole folder; rollout.json still vouches for the old manifest."""
    ref = world.publish("v1")
    write_bundle(world.built / "evil", "v1", bias=(9.0, 0.0))
    world.shelf.put_bundle(world.built / "evil", "v1")
    assert world.live() is None
    assert "vouches" in world.failures[-1].detail
    assert ref.version == "v1"


def test_a_manifest_that_names_a_path_outside_is_refused(world: World) -> None:
    world.publish("v1")
    key = "tickets/bundles/v1/manifest.json"
    world.shelf.objects[key] = world.shelf.objects[key].replace(b'"card.md"', b'"../card"')
    assert world.live() is None


def test_a_damaged_bundle_is_not_downloaded_again_at_once(world: World) -> None:
    world.publish("v1")
    good = world.shelf.objects["tickets/bundles/v1/model.onnx"]
    world.shelf.objects["tickets/bundles/v1/model.onnx"] = good[:-1] + b"x"
    world.live()
    downloads = world.shelf.reads.count("tickets/bundles/v1/model.onnx")
    world.live()
    assert world.shelf.reads.count("tickets/bundles/v1/model.onnx") == downloads
    world.shelf.objects["tickets/bundles/v1/model.onnx"] = good
    assert world.live(after=DAMAGED_REST + 1) == "v1"


def test_a_rollback_is_adopted_while_the_new_bundle_is_damaged(world: World) -> None:
    first = world.publish("v1")
    world.live()
    world.publish("v2")
    world.shelf.objects["tickets/bundles/v2/model.onnx"] = b"junk"
    assert world.live() == "v1"
    world.shelf.put_rollout(Rollout("tickets", first, salt="again"))
    assert world.live() == "v1"
    assert len(world.failures) == 1


def test_while_s3_is_down_the_model_in_memory_answers(world: World) -> None:
    world.publish("v1")
    world.live()
    world.shelf.fail_with = DependencyDown("s3 did not answer")
    assert world.live() == "v1"
    world.shelf.fail_with = None
    world.publish("v2")
    assert world.live() == "v2"


def test_a_challenger_that_fails_is_left_out_and_tried_again(world: World) -> None:
    champion = world.publish("v1")
    challenger = write_bundle(world.built, "v2")
    world.shelf.put_rollout(Rollout("tickets", champion, challenger, share=1.0))
    assert world.live() == "v1"
    world.shelf.put_bundle(world.built, "v2")
    assert world.live() == "v2"


def test_a_copy_that_was_changed_on_disk_is_thrown_away_and_fetched_again(world: World) -> None:
    world.publish("v1")
    world.live()
    model = world.cache / "tickets" / "v1" / "model.onnx"
    good = model.read_bytes()
    model.write_bytes(good[::-1])
    restarted = ModelStore(
        BundleCache("tickets", world.shelf, world.cache),
        open_model=Tickets().open,
        on_failure=world.failures.append,
        clock=lambda: world.now,
    )
    restarted.refresh()
    assert restarted.pick("someone") is not None
    assert model.read_bytes() == good
    assert not world.failures


def test_a_half_download_leaves_nothing_behind(world: World) -> None:
    world.publish("v1")
    del world.shelf.objects["tickets/bundles/v1/words.txt"]
    world.live()
    assert list((world.cache / "tickets").iterdir()) == []


def test_a_disk_without_room_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish("v1")
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("lambdas.core.bundle_cache.shutil.disk_usage", lambda _: usage)
    assert world.live() is None
    assert "10 bytes free" in world.failures[-1].detail
