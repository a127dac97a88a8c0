"""Explanations: words by channel and policy, the heat map as a PNG, the sound with its times."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lambdas.content.explained import ContentExplanation
from lambdas.content.overlay import MOST_SIDE, overlay
from lambdas.core.errors import BundleError, InvalidRequest, NotFound
from lambdas.core.http import Asked, Content
from tests.support.content_world import ContentWorld
from tests.support.posts import as_data, png, wav


@pytest.fixture
def world(tmp_path: Path) -> ContentWorld:
    world = ContentWorld(tmp_path)
    world.eyes.text, world.ears.words = "nude", "blood everywhere"
    return world


def ask(world: ContentWorld, own: str, accept: str = "", **query: str) -> Any:
    return world.explainer(Asked(None, {"id": own}, query, {"accept": accept}))


@pytest.fixture
def decided(world: ContentWorld) -> ContentWorld:
    world.moderate(
        content_id="p 1", text="you IDIOT", image=as_data(png(size=(300, 200))), audio=as_data(wav())
    )
    return world


def test_each_text_is_explained_for_each_policy(decided: ContentWorld) -> None:
    found = ask(decided, "p 1")
    assert isinstance(found, ContentExplanation)
    words = {channel: {p: terms[0].term for p, terms in by.items()} for channel, by in found.words.items()}
    assert words == {
        "text": {"toxicity": "IDIOT"},
        "image_text": {"sexual": "nude"},
        "audio_text": {"violence": "blood"},
    }
    assert (found.decided_by, found.explained_by, found.notes) == ("v1", "v1", [])
    assert found.outcome == "remove"
    assert ask(decided, "p%201").decision_id == found.decision_id
    assert ask(decided, found.decision_id).decision_id == found.decision_id


def test_the_sound_has_times_words_and_scores(decided: ContentWorld) -> None:
    sound = ask(decided, "p 1").audio
    (part,) = sound.segments
    assert (sound.language, part.start, part.end, part.text) == ("en", 0.5, 1.5, "blood everywhere")
    assert part.scores["violence"] > 0.5 > part.scores["threat"]


def test_the_heat_map_is_a_png_in_the_answer_or_alone(decided: ContentWorld) -> None:
    heat = ask(decided, "p 1").image
    assert (heat.policy, heat.width, heat.height) == ("sexual", 300, 200)
    alone = ask(decided, "p 1", accept="image/png,*/*;q=0.1")
    assert isinstance(alone, Content)
    raw = base64.b64decode(heat.png)
    assert alone == (raw, "image/png")
    pixels = np.asarray(Image.open(io.BytesIO(raw)).convert("RGB")).astype(int)
    hot, cold = pixels[5, 5], pixels[-5, -5]
    assert hot[0] - hot[2] > 50, "the hot corner is red"
    assert abs(cold[0] - cold[2]) < 5, "elsewhere the picture is grey"


def test_a_policy_may_be_chosen(decided: ContentWorld) -> None:
    assert ask(decided, "p 1", policy="violence").image.policy == "violence"
    with pytest.raises(InvalidRequest) as caught:
        ask(decided, "p 1", policy="spam")
    assert caught.value.field == "policy"


def test_what_cannot_be_explained_is_said(decided: ContentWorld) -> None:
    decided.uploads.objects.clear()
    found = ask(decided, "p 1")
    assert found.image is None
    assert any(note.startswith("image: ") for note in found.notes)
    assert found.words["text"], "the rest is there"
    with pytest.raises(NotFound, match="no heat map"):
        ask(decided, "p 1", accept="image/png")


def test_a_text_has_no_heat_map_and_no_sound(world: ContentWorld) -> None:
    world.moderate(content_id="t", text="hello")
    found = ask(world, "t")
    assert (found.image, found.audio, found.notes) == (None, None, [])
    assert found.words == {"text": {}}
    with pytest.raises(NotFound):
        ask(world, "t", accept="image/png")


def test_an_unknown_id_and_no_model(world: ContentWorld) -> None:
    with pytest.raises(NotFound):
        ask(world, "nobody")
    objects = dict(world.shelf.objects)
    world.shelf.objects.clear()
    world.moderate(content_id="r", text="idiot")
    with pytest.raises(BundleError, match="the rules decided"):
        ask(world, "r")
    world.shelf.objects.update(objects)
    world.store._next_look = None
    found = ask(world, "r")
    assert (found.decided_by, found.explained_by) == ("rules", "v1")
    assert "the rules decided" in found.notes[0]
    assert found.words["text"]["toxicity"][0].term == "idiot"


def test_an_overlay_is_small_and_shows_nothing_where_there_is_nothing() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (1600, 2400, 3), dtype=np.uint8)
    data, width, height = overlay(pixels, np.zeros((7, 7), dtype=np.float32))
    assert (width, height) == (MOST_SIDE, 512)
    grey = np.asarray(Image.open(io.BytesIO(data)))
    assert (grey[..., 0] == grey[..., 2]).all()
    assert len(data) < 3_000_000, "it fits into an answer, in base64 too"
    for strange in (np.full((3, 3), np.nan, np.float32), np.full((1, 1), 5.0, np.float32)):
        overlay(pixels[:8, :8], strange)


def test_a_coarse_heat_map_says_so(decided: ContentWorld) -> None:
    decided.eyes.coarse = "the heat map is coarse"
    found = ask(decided, "p 1")
    assert found.image is not None
    assert found.notes == ["image: the heat map is coarse"]
    assert isinstance(ask(decided, "p 1", accept="image/png"), Content)
