"""A user's own posts become a bundle that the content service serves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lambdas.content.fusion import FUSION, Fusion
from lambdas.content.policies import CHANNELS, POLICIES, no_signals
from lambdas.content.text.features import FEATURE_NAMES
from lambdas.content.text.model import TextModel
from lambdas.content.verdict import bounds_of
from lambdas.core.assets import assets_of
from lambdas.core.bundle import Manifest, sha256_of
from model_build.bundle import find_bundle, read_bundle
from model_build.cli import main
from model_build.content.pretrained import HOME
from model_build.moderation.report import Report
from tests.conftest import PRETRAINED, QUICK_CONTENT, TrainedContent
from tests.support.post_csvs import media_csv, text_csv

ROOT = Path(__file__).resolve().parents[2]
QUICK = [part for change in QUICK_CONTENT for part in ("--set", change)]

once_trained = pytest.mark.xdist_group("own-content")


@pytest.fixture(autouse=True)
def _shared_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME, str(PRETRAINED))


def train(build: Path, *arguments: str) -> tuple[Path, Manifest]:
    """Train by the command line; returns the bundle's folder and manifest."""
    given = ["train", "content", "--params", str(ROOT / "params.yaml"), "--build-dir", str(build), *QUICK]
    assert main([*given, "--no-tracking", *arguments]) == 0
    folder = find_bundle(build / "content" / "bundles", "content")
    return folder, read_bundle(folder, "content")


@pytest.fixture(scope="module")
def text_only(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """Trained on a column of comments and one of words, two of which mean yes; without an encoder."""
    folder = tmp_path_factory.mktemp("own-content")
    path = text_csv(folder / "my.csv", 600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME, str(PRETRAINED))
        return train(
            folder / "build", "--csv", str(path), "--text", "comment", "--label", "rude",
            "--positive", "hate,rude", "--set", "model.encoder=null",
        )  # fmt: skip


@once_trained
def test_two_columns_are_enough(text_only: tuple[Path, Manifest]) -> None:
    folder, manifest = text_only
    assert manifest.features == list(FEATURE_NAMES)
    assert manifest.metrics["policies"]["toxicity"]["auc"]["value"] > 0.95
    assert manifest.settings["encoder"] is None and manifest.settings["labels"] == ["ok", *POLICIES]
    said = TextModel(folder, manifest.settings).read(
        ["you are a worthless idiot", "thank you for the recipe"]
    )
    place = POLICIES.index("toxicity")
    assert said.signals[0, place] > 1 > -1 > said.signals[1, place]


@once_trained
def test_every_policy_has_a_head_and_those_without_labels_remove_nothing(
    text_only: tuple[Path, Manifest],
) -> None:
    _, manifest = text_only
    assert {head.name for head in manifest.heads} == set(POLICIES)
    bounds = bounds_of(manifest.heads)
    assert bounds["toxicity"].remove < 1.0
    for policy, review in (("threat", 0.05), ("sexual", 0.5), ("violence", 0.5)):
        assert bounds[policy].remove > 1.0 and bounds[policy].review == pytest.approx(review)
    policies = manifest.settings["policies"]
    assert [policies[policy]["text"] for policy in POLICIES] == ["trained", "packaged", None, None]
    assert policies["threat"]["severity"] == "severe"
    assert manifest.metrics["unlabelled"] == ["threat", "sexual", "violence"]


@once_trained
def test_a_threat_is_seen_by_the_packaged_model(text_only: tuple[Path, Manifest]) -> None:
    folder, manifest = text_only
    said = TextModel(folder, manifest.settings).read(["i will kill you", "see you tomorrow"]).signals
    threat = said[:, POLICIES.index("threat")]
    assert threat[0] > -3 > threat[1] and np.isnan(said[:, POLICIES.index("sexual")]).all()
    signals = no_signals(2)
    signals[:, :, CHANNELS.index("text")] = said
    found = Fusion(folder).probabilities(signals)[:, POLICIES.index("threat")]
    assert found[0] > bounds_of(manifest.heads)["threat"].review > found[1]


@once_trained
def test_every_row_is_accounted_for(text_only: tuple[Path, Manifest]) -> None:
    metrics = text_only[1].metrics
    assert sum(metrics["rows"].values()) + sum(metrics["left_out"].values()) == 600
    assert metrics["parity"]["tolerance"] == 1e-5


@once_trained
def test_the_weights_of_others_lie_ready_to_be_published(text_only: tuple[Path, Manifest]) -> None:
    folder, manifest = text_only
    assets = folder.parent.parent / "assets"
    named = assets_of(manifest.settings)
    assert set(named) == {"nsfwjs", "opennsfw", "lite0", "ocr", "whisper", "vad", "sound"}
    for asset in named.values():
        assert asset.licence and asset.source
        for entry in asset.files.values():
            path = assets / entry.sha256
            assert path.stat().st_size == entry.bytes and sha256_of(path) == entry.sha256
    assert not {entry.sha256 for entry in manifest.files.values()} & {path.name for path in assets.iterdir()}


@once_trained
def test_the_card_says_whose_weights_and_what_nobody_covers(text_only: tuple[Path, Manifest]) -> None:
    card = (text_only[0] / "card.md").read_text(encoding="utf-8")
    for words in (
        "Weights of others", "Whisper", "Gore", "screams", "Spanish and French", "was not measured",
        "the rules", "What it is worth", "BSD", "| toxic-en | MIT",
    ):  # fmt: skip
        assert words.casefold() in card.casefold(), words
    assert "Trained on synthetic data" not in card


@pytest.fixture(scope="module")
def with_media(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """Pictures and a few sounds beside the text; heads of their own on both."""
    folder = tmp_path_factory.mktemp("media-content")
    path = media_csv(folder / "my.csv", 150, sounds=60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME, str(PRETRAINED))
        return train(
            folder / "build", "--csv", str(path), "--text", "comment", "--image", "picture",
            "--audio", "sound", "--label", "nsfw",
            "--set", "model.encoder=null", "--set", "model.media.transcribe=false",
            "--set", "model.media.read_text=false", "--set", "model.media.least_rows=20",
            "--set", "model.media.least_broken=8",
        )  # fmt: skip


@pytest.mark.xdist_group("media-content")
def test_pictures_and_sounds_get_heads_of_their_own(with_media: tuple[Path, Manifest]) -> None:
    folder, manifest = with_media
    assert {"image.onnx", "audio.onnx", FUSION} <= set(manifest.files)
    for kind in ("image", "audio"):
        assert manifest.settings[kind]["head"] == {"file": f"{kind}.onnx", "policies": ["sexual"]}
    sexual = manifest.metrics["policies"]["sexual"]
    assert sexual["auc"]["value"] > 0.9, "the text says nothing here: it is the pictures"
    assert sexual["alone"]["the image and its text"]["auc"]["value"] > 0.9
    assert folder.is_dir()


@pytest.mark.xdist_group("media-content")
def test_serving_sees_in_a_picture_what_training_saw(with_media: tuple[Path, Manifest]) -> None:
    from lambdas.content.image.decode import decode
    from lambdas.content.image.model import ImageModel
    from model_build.content.pretrained import packaged
    from model_build.content.records import Records, looked_in

    folder, manifest = with_media
    build = folder.parents[2]
    folders = {name: packaged(name, build).folder for name in ("nsfwjs", "opennsfw", "lite0")}
    model = ImageModel({**folders, "bundle": folder}, manifest.settings["image"])
    records = Records(
        build / "content" / "media", "image", looked_in(build / "content" / "media").recipes["image"]
    )
    head = model_head(folder)
    for number in (0, 1):
        path = build.parent / "media" / f"{number}.png"
        looked = model.look(decode(path.read_bytes()))
        record = records.get(sha256_of(path))
        assert record is not None
        signals, features = record.arrays()
        assert features == pytest.approx(looked.features, abs=1e-4)
        place = POLICIES.index("sexual")
        assert looked.signals[place] == pytest.approx(head(features)[place], abs=1e-3)
        assert (looked.signals[place] > 0) == (number == 1)
        assert np.isfinite(signals[place])


def model_head(folder: Path):
    from lambdas.core.model import OnnxModel

    model = OnnxModel(folder, "image.onnx")
    return lambda features: model.run({"features": features[None]})["logits"][0]


@pytest.mark.xdist_group("media-content")
def test_a_file_is_looked_at_once(
    with_media: tuple[Path, Manifest], capsys: pytest.CaptureFixture[str]
) -> None:
    build = with_media[0].parents[2]
    media = build / "content" / "media"
    before = {
        path: path.stat().st_mtime_ns for path in media.rglob("*") if path.is_file() and len(path.name) == 64
    }
    assert len(before) == 210
    given = [
        "--csv",
        str(build.parent / "my.csv"),
        "--image",
        "picture",
        "--audio",
        "sound",
        "--label",
        "nsfw",
    ]
    changes = ["model.encoder=null", "model.media.transcribe=false", "model.media.read_text=false"]
    train(build, *given, "--text", "comment", *[part for each in changes for part in ("--set", each)])
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert "150 files of image, 60 files of audio" in capsys.readouterr().err


def test_the_same_file_and_seed_give_the_same_hash(tmp_path: Path) -> None:
    path = text_csv(tmp_path / "my.csv", 300)
    arguments = [
        "--csv", str(path), "--text", "comment", "--label", "rude", "--positive", "hate,rude",
        "--set", "model.encoder=null",
    ]  # fmt: skip
    hashes = [train(tmp_path / name, *arguments)[1].bundle_hash for name in ("one", "two")]
    assert hashes[0] == hashes[1]


def test_the_synthetic_posts_train_every_policy(trained_content: TrainedContent) -> None:
    folder = trained_content.bundle
    manifest = read_bundle(folder, "content")
    policies = manifest.metrics["policies"]
    assert list(policies) == list(POLICIES) and manifest.metrics["unlabelled"] == []
    assert all(policies[policy]["auc"]["value"] > 0.8 for policy in POLICIES)
    assert set(policies["toxicity"]["languages"]) == {"en", "es", "fr"}
    assert manifest.settings["encoder"]["name"] == "use"
    assert {manifest.settings["policies"][policy]["text"] for policy in POLICIES} == {"trained"}
    reference = json.loads((folder / "reference.json").read_bytes())
    assert set(reference["features"]) == set(FEATURE_NAMES)
    assert {head: each["classes"] for head, each in reference["heads"].items()} == {
        policy: ["ok", policy] for policy in POLICIES
    }
    assert "Trained on synthetic data" in (folder / "card.md").read_text(encoding="utf-8")
    report = trained_content.build / "content" / "work" / "evaluation.json"
    assert Report is not None and report.is_file()
