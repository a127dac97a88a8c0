"""A bundle is whole or absent, and its hash says which trainings are the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from lambdas.core.bundle import Head, Manifest, TrainingData, bundle_hash
from lambdas.core.errors import BundleError
from model_build.bundle import Draft, built_bundles, find_bundle, read_bundle, write_bundle

MORNING = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
EVENING = datetime(2026, 5, 1, 20, 0, tzinfo=UTC)


def draft_of(folder: Path) -> Draft:
    (folder / "model").write_bytes(b"a graph")
    (folder / "reference").write_text("{}")
    return Draft(
        service="tickets",
        seed=1,
        training_data=TrainingData("my.csv", "0" * 64, 100),
        heads=[Head("queue", "queue_probabilities", ["a", "b"], {"a": 0.5, "b": 0.6})],
        features=["length"],
        settings={"encoder": None},
        metrics={"accuracy": 0.9, "timings": {"train": 1.0}},
        files={"model.onnx": folder / "model", "reference.json": folder / "reference"},
    )


def card(path: Path, manifest: Manifest) -> None:
    path.write_text(f"# {manifest.version}\n")


def test_a_bundle_can_be_read_back_and_its_card_names_its_version(tmp_path: Path) -> None:
    manifest = write_bundle(tmp_path / "bundles", draft_of(tmp_path), card, now=MORNING)
    assert manifest.version == f"20260501T080000Z-{manifest.bundle_hash[:8]}"
    folder = tmp_path / "bundles" / manifest.version
    assert read_bundle(folder, "tickets") == manifest
    assert (folder / "card.md").read_text() == f"# {manifest.version}\n"
    assert set(manifest.files) == {"model.onnx", "reference.json", "card.md"}
    assert [path.name for path in (tmp_path / "bundles").iterdir()] == [manifest.version]


def test_the_hash_ignores_when_and_how_fast(tmp_path: Path) -> None:
    draft = draft_of(tmp_path)
    slower = replace(draft, metrics={"accuracy": 0.9, "timings": {"train": 9.0}})
    first = write_bundle(tmp_path / "one", draft, card, now=MORNING)
    second = write_bundle(tmp_path / "two", slower, card, now=EVENING)
    assert first.bundle_hash == second.bundle_hash and first.version != second.version
    assert bundle_hash(msgspec.structs.replace(first, git_commit="another")) == first.bundle_hash


def test_the_hash_sees_everything_else(tmp_path: Path) -> None:
    draft = draft_of(tmp_path)
    other = tmp_path / "other"
    other.write_bytes(b"another graph")
    hashes = {
        write_bundle(tmp_path / str(number), changed, card, now=MORNING).bundle_hash
        for number, changed in enumerate(
            [
                draft,
                replace(draft, seed=2),
                replace(draft, metrics={"accuracy": 0.91}),
                replace(draft, files={**draft.files, "model.onnx": other}),
                replace(draft, training_data=TrainingData("my.csv", "1" * 64, 100)),
                replace(draft, settings={"encoder": {"name": "use"}}),
            ]
        )
    }
    assert len(hashes) == 6


def test_a_card_that_fails_leaves_no_bundle(tmp_path: Path) -> None:
    def broken(path: Path, manifest: Manifest) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write_bundle(tmp_path / "bundles", draft_of(tmp_path), broken)
    assert not (tmp_path / "bundles").exists()


def test_bundles_are_found_by_age_and_by_the_beginning_of_their_version(tmp_path: Path) -> None:
    bundles = tmp_path / "bundles"
    with pytest.raises(BundleError, match="make train"):
        find_bundle(bundles, "tickets")
    draft = draft_of(tmp_path)
    newest = write_bundle(bundles, replace(draft, seed=9), card, now=EVENING)
    oldest = write_bundle(bundles, draft, card, now=MORNING)
    (bundles / "broken").mkdir()
    (bundles / "broken" / "manifest.json").write_text("{")
    assert [found.version for found in built_bundles(bundles, "tickets")] == [oldest.version, newest.version]
    assert find_bundle(bundles, "tickets").name == newest.version
    assert find_bundle(bundles, "tickets", "20260501T08").name == oldest.version
    with pytest.raises(BundleError, match="2 bundles start with"):
        find_bundle(bundles, "tickets", "2026")
    with pytest.raises(BundleError, match="there is no bundle '1999'"):
        find_bundle(bundles, "tickets", "1999")
