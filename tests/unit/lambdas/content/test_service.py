"""The content service on the one path: any part of a post, what cannot be read, what is not to be had."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from lambdas.content.errors import Unreadable, UnsupportedType
from lambdas.content.rules import WORDS
from lambdas.content.text.model import Read
from lambdas.core.bundle import decode_manifest
from lambdas.core.errors import BundleError, Conflict, DependencyDown, InvalidRequest
from lambdas.core.marks import Marks
from tests.support.content_bundles import write_content_bundle
from tests.support.content_world import ContentWorld
from tests.support.posts import as_data, png, wav

RED, BLUE = png((250, 20, 20)), png((20, 20, 250))


@pytest.fixture
def world(tmp_path: Path) -> ContentWorld:
    return ContentWorld(tmp_path)


def test_a_harmless_text_is_allowed(world: ContentWorld) -> None:
    answer = world.moderate(text="see you tomorrow", content_id="p1", author_id="ana")
    assert (answer.outcome, answer.review, answer.reasons) == ("allow", False, [])
    assert (answer.source, answer.variant, answer.model_version) == ("model", "champion", "v1")
    assert (answer.content_id, answer.policies, answer.severity, answer.pending) == ("p1", [], None, [])
    assert set(answer.scores) == {"toxicity", "threat", "sexual", "violence"}
    assert answer.scores["threat"].severity == "severe"
    assert set(answer.channels) == {"text"}
    assert {name: each.state for name, each in answer.modalities.items()} == {
        "text": "read", "image": "absent", "audio": "absent",
    }  # fmt: skip
    item = world.table.items[answer.decision_id]
    assert json.loads(item["asked"]["S"]) == {
        "content_id": "p1", "author_id": "ana", "text": "see you tomorrow",
    }  # fmt: skip
    assert item["entity"] == {"S": "ana"}
    assert world.uploads.objects == {}


def test_a_bad_word_is_removed_and_named(world: ContentWorld) -> None:
    answer = world.moderate(text="you IDIOT")
    assert (answer.outcome, answer.review, answer.policies) == ("remove", False, ["toxicity"])
    assert answer.terms[0].term == "IDIOT"
    assert answer.severity == "medium"
    assert world.service.marks(answer) == Marks(alert=False, severity=3)


def test_what_is_severe_alerts_and_goes_first(world: ContentWorld) -> None:
    answer = world.moderate(text="kill")
    assert world.service.marks(answer) == Marks(alert=True, severity=9)
    assert world.table.items[answer.decision_id]["alert"] == {"S": "yes"}


def test_a_picture_alone_is_judged_and_kept(world: ContentWorld) -> None:
    answer = world.moderate(image=as_data(RED))
    assert (answer.outcome, answer.policies) == ("remove", ["sexual"])
    assert set(answer.scores) == {"sexual"}, "of the others nobody says anything"
    assert world.moderate(image=as_data(BLUE)).outcome == "allow"
    kept = json.loads(world.table.items[answer.decision_id]["asked"]["S"])["image"]
    assert world.uploads.objects[kept["key"]] == RED
    assert (kept["type"], kept["bytes"]) == ("image/png", len(RED))
    assert "problem" not in kept


def test_words_in_a_picture_and_in_a_sound_count_like_the_text(world: ContentWorld) -> None:
    world.eyes.text = "you idiot"
    world.ears.words = "I will kill you"
    answer = world.moderate(text="look at this", image=as_data(BLUE), audio=as_data(wav()))
    assert answer.outcome == "remove"
    assert set(answer.policies) == {"toxicity", "threat"}
    assert set(answer.channels) == {"text", "image", "image_text", "audio_text"}
    assert answer.image_text == "you idiot"
    assert answer.transcript is not None
    assert (answer.transcript.language, answer.transcript.segments[0].text) == ("en", "I will kill you")
    assert {each.state for each in answer.modalities.values()} == {"read"}


def test_the_texts_of_a_post_are_read_in_one_run(world: ContentWorld) -> None:
    world.store.refresh()
    model = world.store.champion()
    assert model is not None
    runs: list[int] = []
    read = model.model.text.read

    def counted(texts: Sequence[str]) -> Read:
        runs.append(len(texts))
        return read(texts)

    model.model.text.read = counted  # type: ignore[method-assign]
    world.eyes.text, world.ears.words = "one", "two"
    world.moderate(text="three", image=as_data(BLUE), audio=as_data(wav()))
    assert runs == [3]


def test_damaged_media_alone_is_a_4xx_and_leaves_nothing(world: ContentWorld) -> None:
    with pytest.raises(Unreadable) as caught:
        world.moderate(image=as_data(RED[:60]))
    assert (caught.value.status, caught.value.field) == (422, "image")
    assert world.table.items == {}
    assert world.uploads.objects == {}


def test_damaged_media_beside_others_goes_to_people_and_the_others_count(world: ContentWorld) -> None:
    answer = world.moderate(text="hello", image=as_data(RED[:60]))
    assert (answer.outcome, answer.review) == ("review", True)
    assert any(reason.startswith("image: could not be read") for reason in answer.reasons)
    assert answer.modalities["image"].state == "unreadable"
    assert world.moderate(text="idiot", image=as_data(RED[:60])).outcome == "remove"
    asked = json.loads(world.table.items[answer.decision_id]["asked"]["S"])
    assert asked["image"]["key"] in world.uploads.objects, "people may want to see it"


def test_a_wrong_type_is_the_callers_to_mend_whatever_else_is_there(world: ContentWorld) -> None:
    with pytest.raises(UnsupportedType):
        world.moderate(text="hello", image=as_data(wav()))
    assert world.uploads.objects == {}


def test_a_retry_gets_the_same_answer_and_other_content_is_a_conflict(world: ContentWorld) -> None:
    said = {"content_id": "p1", "text": "hello", "image": as_data(BLUE)}
    first = world.moderate(**said)
    assert world.moderate(**said) == first
    for other in ({"image": as_data(RED)}, {"text": "hi"}, {"attributes": {"region": "north"}}):
        with pytest.raises(Conflict):
            world.moderate(**{**said, **other})
    asked = json.loads(world.table.items[first.decision_id]["asked"]["S"])
    assert world.uploads.objects[asked["image"]["key"]] == BLUE, "what was decided on is still there"


def test_an_upload_is_fetched_and_a_retry_is_known_by_its_key(world: ContentWorld) -> None:
    world.uploads.objects["uploads/me/1"] = RED
    said = {"content_id": "p1", "image": {"key": "uploads/me/1"}}
    first = world.moderate(**said)
    assert first.policies == ["sexual"]
    assert world.moderate(**said) == first
    del world.uploads.objects["uploads/me/1"]
    with pytest.raises(InvalidRequest):
        world.moderate(image={"key": "uploads/me/1"})


def test_without_the_bucket_an_upload_goes_to_people_and_a_retry_is_no_conflict(world: ContentWorld) -> None:
    world.uploads.fail_with = DependencyDown("s3 did not answer")
    said = {"content_id": "p1", "text": "hello", "image": {"key": "uploads/me/1"}}
    answer = world.moderate(**said)
    assert (answer.outcome, answer.degraded) == ("review", ["media_store"])
    assert answer.modalities["image"].state == "unreadable"
    alone = world.moderate(image={"key": "uploads/me/1"})
    assert (alone.outcome, alone.review, alone.scores) == ("review", True, {})
    world.uploads.fail_with = None
    world.uploads.objects["uploads/me/1"] = RED
    assert world.moderate(**said) == answer


def test_inline_media_is_judged_even_when_it_cannot_be_kept(world: ContentWorld) -> None:
    world.uploads.fail_with = DependencyDown("s3 did not answer")
    answer = world.moderate(image=as_data(RED))
    assert (answer.outcome, answer.degraded) == ("remove", ["media_store"])


@pytest.mark.parametrize("error", [DependencyDown("s3 did not answer"), BundleError("damaged")])
def test_without_its_models_a_picture_goes_to_people(error: Exception, world: ContentWorld) -> None:
    world.eyes.fails = error
    answer = world.moderate(text="hello", image=as_data(BLUE))
    assert (answer.outcome, answer.degraded) == ("review", ["image_model"])
    assert "no model could look at it" in str(answer.modalities["image"].reason)


def test_a_bundle_without_image_models_says_so(tmp_path: Path) -> None:
    answer = ContentWorld(tmp_path, {"image": None}).moderate(text="hello", image=as_data(BLUE))
    assert answer.outcome == "review"
    assert "no models for images" in str(answer.modalities["image"].reason)


def test_a_sound_without_speech_needs_no_transcript(world: ContentWorld) -> None:
    answer = world.moderate(text="hello", audio=as_data(wav()))
    assert (answer.outcome, answer.pending) == ("allow", [])
    assert answer.transcript is not None
    assert answer.transcript.segments == []


def test_rules_answer_without_a_model_and_people_look(world: ContentWorld) -> None:
    world.shelf.objects.clear()
    answer = world.moderate(text="I will kill you, idiot", image=as_data(BLUE))
    assert (answer.outcome, answer.review, answer.source) == ("review", True, "rules")
    assert answer.degraded == ["model"]
    assert set(answer.policies) == {"threat", "toxicity"}
    assert answer.severity == "severe"
    assert answer.modalities["image"].state == "unreadable"
    assert world.moderate(text="hello").policies == []


def test_the_rules_words_are_spelled_as_they_are_looked_up() -> None:
    from lambdas.core.ngrams import words_of

    for words in WORDS.values():
        for word in words:
            assert words_of(word) == [word]


def test_a_bundle_of_other_features_or_without_severities_is_not_opened(tmp_path: Path) -> None:
    write_content_bundle(tmp_path)
    service = ContentWorld(tmp_path / "world").service
    good = decode_manifest((tmp_path / "v1" / "manifest.json").read_bytes(), "content")
    service.open(tmp_path / "v1", good)
    for manifest in (
        msgspec.structs.replace(good, features=good.features[::-1]),
        msgspec.structs.replace(good, heads=good.heads[1:]),
        msgspec.structs.replace(good, settings={**good.settings, "policies": {}}),
        msgspec.structs.replace(good, settings={**good.settings, "assets": {"../x": {"files": {}}}}),
    ):
        with pytest.raises(BundleError):
            service.open(tmp_path / "v1", manifest)
