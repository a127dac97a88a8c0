"""Which networks are chosen by name, and how a classifier's labels are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdas.content.text.toxic import LABELS
from lambdas.core.assets import key_of
from lambdas.core.errors import NotFound
from model_build.content.classifier import told_by
from model_build.content.networks import reads_of, weights_of
from model_build.content.parameters import OURS, Networks, read_content
from model_build.content.pretrained import HOME, Left
from model_build.encoders.errors import UnknownEncoder
from model_build.errors import ParametersError
from tests.conftest import PRETRAINED


@pytest.mark.parametrize(
    ("labels", "reads"),
    [
        (list(LABELS), {label: place for place, label in enumerate(LABELS)}),
        (["non-toxic", "toxic"], {"toxic": 1}),
        (["toxic", "neutral"], {"toxic": 0}),
        (["hate", "nothate"], {"toxic": 0}),
        (["Toxicity", "Severe Toxicity", "sexual-explicit", "identity_attack"], {
            "toxic": 0, "severe_toxic": 1, "identity_hate": 3}),
        (["LABEL_0", "LABEL_1"], {}),
        (["toxic"], {"toxic": 0}),
    ],
)  # fmt: skip
def test_labels_are_known_by_their_names(labels: list[str], reads: dict[str, int]) -> None:
    assert reads_of(labels) == reads


def test_the_packaged_ones_are_the_default() -> None:
    assert read_content({}).networks == OURS
    assert told_by(OURS, Path("build")) == LABELS


def test_a_model_of_the_hub_by_name() -> None:
    found = read_content(
        {"image_encoder": "hf:google/vit", "text_classifier_languages": ["en", "fr"], "rows_for_fusion": 5}
    )
    assert found.networks == Networks(image_encoder="hf:google/vit", text_classifier_languages=("en", "fr"))
    assert found.rows_for_fusion == 5


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ({"image_encoder": "vit"}, "image_encoder is 'vit': choose lite0 or hf:"),
        ({"audio_encoder": "lite0"}, "audio_encoder is 'lite0': choose sound or hf:"),
        ({"text_classifier": "hf:"}, "text_classifier is 'hf:'"),
        ({"text_classifier_languages": ["de"]}, "text_classifier_languages"),
        ({"image_encoders": "lite0"}, "image_encoders"),
    ],
)
def test_another_name_says_what_there_is(model: dict[str, object], why: str) -> None:
    with pytest.raises(ParametersError, match=why):
        read_content(model)


def test_the_packaged_weights_and_what_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME, str(PRETRAINED))
    found = weights_of("audio", OURS, Path("build"))
    assert list(found.models) == ["whisper", "vad", "sound"] and found.settings == {"encoder": None}
    assert weights_of("image", OURS, Path("build")).settings == {"encoder": {"kind": "lite0"}}


def test_a_model_that_is_nowhere_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME, str(PRETRAINED))
    nowhere = Networks(image_encoder=f"hf:{tmp_path / 'no/such/model'}")
    with pytest.raises(UnknownEncoder, match="could not be fetched"):
        weights_of("image", nowhere, tmp_path)


def test_what_was_left_is_downloaded_as_from_the_bucket(tmp_path: Path) -> None:
    left = tmp_path / "content" / "assets" / "abc"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"weights")
    Left(tmp_path).download(key_of("content", "abc"), tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == b"weights"
    with pytest.raises(NotFound):
        Left(tmp_path).download(key_of("content", "def"), tmp_path / "there")
