"""Models of the hub's architectures, tiny and random, in the place of the packaged ones: trained beside, left
to be published, and opened by the code that serves."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import pytest

from lambdas.content.audio.decode import decode as sound_of
from lambdas.content.image.decode import decode as picture_of
from lambdas.content.model import ContentModel
from lambdas.content.policies import POLICIES
from lambdas.content.text.features import FEATURE_NAMES
from lambdas.core.assets import Assets, assets_of
from lambdas.core.bundle import Manifest, sha256_of
from lambdas.core.errors import BundleError
from lambdas.core.model import OnnxModel
from model_build.bundle import find_bundle, read_bundle
from model_build.cli import main
from model_build.content.model import FittedContent
from model_build.content.pretrained import HOME, Left
from model_build.content.records import Records, looked_in
from tests.conftest import PRETRAINED, QUICK_CONTENT
from tests.support.post_csvs import media_csv
from tests.unit.model_build.hub.test_load import TOXIC, torch_needed, toxic_bert, vit, wav2vec2

pytestmark = [pytest.mark.xdist_group("encoder_huggingface"), torch_needed]

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ["you are a worthless idiot", "what a lovely morning", "thank you for the first one", "xyz"]
SEXUAL = POLICIES.index("sexual")


class Trained(NamedTuple):
    build: Path
    bundle: Path
    manifest: Manifest

    def model(self, cache: Path) -> ContentModel:
        """As the content function opens it."""
        return ContentModel(self.bundle, self.manifest, Assets("content", Left(self.build), cache))

    def fitted(self) -> FittedContent:
        fitted: FittedContent = joblib.load(self.build / "content" / "work" / "fitted.joblib")
        return fitted

    def record(self, kind: str, path: Path) -> tuple[np.ndarray, np.ndarray]:
        """What training kept of a file: its signals and features."""
        media = self.build / "content" / "media"
        found = Records(media, kind, looked_in(media).recipes[kind]).get(sha256_of(path))
        assert found is not None
        return found.arrays()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """All three at once, on posts with a picture each and some sounds."""
    folder = tmp_path_factory.mktemp("hub-content")
    toxic_bert(folder / "toxic-bert")
    vit(folder / "vit")
    wav2vec2(folder / "wav2vec2")
    path = media_csv(folder / "my.csv", 120, sounds=60)
    changes = [
        *QUICK_CONTENT, "model.encoder=null", "model.media.transcribe=false", "model.media.read_text=false",
        "model.media.least_rows=20", "model.media.least_broken=8",
        f"model.image_encoder=hf:{folder / 'vit'}", f"model.audio_encoder=hf:{folder / 'wav2vec2'}",
        f"model.text_classifier=hf:{folder / 'toxic-bert'}",
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME, str(PRETRAINED))
        arguments = [
            "train", "content", "--params", str(ROOT / "params.yaml"), "--build-dir", str(folder / "build"),
            "--no-tracking", "--csv", str(path), "--text", "comment", "--image", "picture",
            "--audio", "sound", "--label", "nsfw",
            *[part for change in changes for part in ("--set", change)],
        ]  # fmt: skip
        assert main(arguments) == 0
    bundle = find_bundle(folder / "build" / "content" / "bundles", "content")
    return Trained(folder / "build", bundle, read_bundle(bundle, "content"))


def test_the_weights_are_assets_and_the_manifest_says_how_they_are_fed(trained: Trained) -> None:
    settings, assets = trained.manifest.settings, assets_of(trained.manifest.settings)
    assert {"hub-image", "hub-sound", "hub-text", "lite0", "whisper", "vad"} <= set(assets)
    assert "sound" not in assets, "its embedding is not used"
    assert assets["hub-image"].source == "hf:vit local"
    assert not any(name.startswith(("hub", "toxic-en")) for name in trained.manifest.files)
    assert settings["image"]["encoder"]["folder"] == "hub-image"
    assert settings["audio"]["encoder"]["normalise"] is True
    assert settings["classifier"]["reads"] == {name: place for place, name in enumerate(TOXIC)}
    card = (trained.bundle / "card.md").read_text(encoding="utf-8")
    for words in ("hf:vit", "hf:wav2vec2", "`hf:toxic-bert` is taken"):
        assert words in card
    assert str(trained.build.parent) not in (trained.bundle / "manifest.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [0, 1, 7])
def test_a_picture_is_served_as_it_was_trained_on(trained: Trained, tmp_path: Path, number: int) -> None:
    path = trained.build.parent / "media" / f"{number}.png"
    eyes = trained.model(tmp_path).image
    assert eyes is not None
    looked = eyes.get().look(picture_of(path.read_bytes()))
    signals, features = trained.record("image", path)
    assert features.shape == (32 + 2,)
    assert np.abs(looked.features - features).max() < 1e-4
    assert looked.signals[SEXUAL] == pytest.approx(_head(trained, "image", features), abs=1e-4)
    assert (looked.signals[SEXUAL] > 0) == (number % 2 == 1), "a circle breaks the policy, a square does not"
    violence = POLICIES.index("violence")
    assert looked.signals[violence] == pytest.approx(signals[violence], abs=1e-4), "weapons are told as ever"


@pytest.mark.parametrize("number", [0, 1, 8])
def test_a_sound_is_served_as_it_was_trained_on(trained: Trained, tmp_path: Path, number: int) -> None:
    path = trained.build.parent / "media" / f"{number}.wav"
    ears = trained.model(tmp_path).audio
    assert ears is not None
    heard = ears.get().listen(sound_of(path.read_bytes()))
    _, features = trained.record("audio", path)
    assert features.shape == (32,)
    assert np.abs(heard.features - features).max() < 1e-4
    assert heard.signals[SEXUAL] == pytest.approx(_head(trained, "audio", features), abs=1e-4)
    assert (heard.signals[SEXUAL] > 0) == (number % 2 == 1), "a high tone breaks the policy"


def _head(trained: Trained, kind: str, features: np.ndarray) -> float:
    fitted = trained.fitted().media[kind].logits(features[None])[0, SEXUAL]
    served = OnnxModel(trained.bundle, f"{kind}.onnx").run({"features": features[None]})["logits"][0, SEXUAL]
    assert served == pytest.approx(fitted, abs=1e-4)
    return float(fitted)


def test_a_text_is_served_as_it_was_trained_on(trained: Trained, tmp_path: Path) -> None:
    read = trained.model(tmp_path).text.read(TEXTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME, str(PRETRAINED))
        expected = trained.fitted().read_texts(TEXTS)
    assert np.isnan(read.signals).tolist() == np.isnan(expected).tolist()
    assert np.nanmax(np.abs(read.signals - expected)) < 1e-4
    own = read.features[:, FEATURE_NAMES.index("toxic_en_toxic")]
    assert np.isfinite(own[:3]).all() and np.isnan(own[3]), "the last one is in no language"
    toxicity = read.signals[:, POLICIES.index("toxicity")]
    assert toxicity[:3] == pytest.approx(own[:3], abs=1e-5), (
        "the data has no labels of it: the classifier speaks"
    )


def test_a_heat_map_is_made_by_hiding(trained: Trained, tmp_path: Path) -> None:
    path = trained.build.parent / "media" / "1.png"
    eyes = trained.model(tmp_path).image
    assert eyes is not None
    heat, note = eyes.get().heat(picture_of(path.read_bytes()), "sexual")
    assert heat.shape == (16, 16) and np.isfinite(heat).all() and np.ptp(heat) > 0.0
    assert note is None, "there was time for all places"


def test_a_bundle_whose_classifier_cannot_be_had_is_not_opened(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="hub-text"):
        ContentModel(trained.bundle, trained.manifest, Assets("content", Left(tmp_path), tmp_path))
