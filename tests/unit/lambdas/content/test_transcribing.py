"""What callers do not wait for: provisional at once, final once, and never forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lambdas.content.transcribing import TRIES
from lambdas.core.errors import BundleError, Conflict, DependencyDown
from tests.support.content_world import ContentWorld
from tests.support.posts import as_data, png, wav

LONG = 60.0


@pytest.fixture
def world(tmp_path: Path) -> ContentWorld:
    world = ContentWorld(tmp_path)
    world.ears.words, world.ears.seconds = "I will kill you", LONG
    return world


def item_of(world: ContentWorld) -> dict[str, dict[str, str]]:
    (item,) = world.table.items.values()
    return item


def test_long_speech_is_answered_at_once_and_is_pending(world: ContentWorld) -> None:
    answer = world.moderate(text="listen", audio=as_data(wav()), content_id="p1")
    assert (answer.outcome, answer.review, answer.pending) == ("review", True, ["audio"])
    assert answer.modalities["audio"].state == "pending"
    assert answer.transcript is not None
    assert answer.transcript.segments[0].text is None
    item = item_of(world)
    assert item["pending"] == {"S": "audio"}
    assert "queue" not in item, "people have nothing to look at yet"
    assert "alert" not in item
    (message,) = world.outbox.sent
    assert json.loads(message.body) == {"decision_id": answer.decision_id}
    assert message.group == answer.decision_id


def test_the_worker_makes_it_final(world: ContentWorld) -> None:
    blue = as_data(png((9, 9, 99)))
    answer = world.moderate(text="listen", image=blue, audio=as_data(wav()), content_id="p1")
    assert world.deliver() == []
    final = world.finder.find("p1")[1]
    assert (final.outcome, final.policies, final.pending) == ("remove", ["threat"], [])
    assert final.transcript is not None
    assert final.transcript.segments[0].text == "I will kill you"
    assert final.modalities["audio"].state == "read"
    assert (final.decision_id, final.decided_at) == (answer.decision_id, answer.decided_at)
    for channel in ("text", "image"):
        assert final.channels[channel] == answer.channels[channel], "what was seen before still counts"
    item = item_of(world)
    assert "pending" not in item
    assert (item["outcome"], item["alert"], item["severity"]) == ({"S": "remove"}, {"S": "yes"}, {"N": "9"})


def test_harmless_speech_is_allowed_in_the_end_and_leaves_the_queue_alone(world: ContentWorld) -> None:
    world.ears.words = "good morning"
    world.moderate(audio=as_data(wav()), content_id="p1")
    world.deliver()
    final = world.finder.find("p1")[1]
    assert (final.outcome, final.review, final.reasons) == ("allow", False, [])
    assert "queue" not in item_of(world)


def test_what_is_known_may_be_enough_to_remove_at_once(world: ContentWorld) -> None:
    answer = world.moderate(text="idiot", audio=as_data(wav()))
    assert (answer.outcome, answer.pending) == ("remove", ["audio"])
    world.deliver()
    final = world.finder.find(answer.decision_id)[1]
    assert set(final.policies) == {"toxicity", "threat"}


def test_a_message_that_comes_again_changes_nothing(world: ContentWorld) -> None:
    world.moderate(audio=as_data(wav()))
    world.deliver()
    first = dict(item_of(world))
    world.ears.words = "something else"
    assert world.deliver(2) == []
    assert item_of(world) == first


def test_a_retry_while_it_is_pending_gets_what_stands(world: ContentWorld) -> None:
    said = {"content_id": "p1", "audio": as_data(wav())}
    first = world.moderate(**said)
    assert world.moderate(**said) == first
    assert len({message.id for message in world.outbox.sent}) == 1, "SQS drops the second"
    world.deliver()
    assert world.moderate(**said).pending == []


def test_a_message_without_its_decision_waits_and_is_dropped_in_the_end(world: ContentWorld) -> None:
    world.moderate(audio=as_data(wav()), content_id="p1")
    world.table.items.clear()
    assert [world.deliver(n) != [] for n in (1, TRIES, TRIES + 1)] == [True, True, False]


def test_what_was_refused_after_it_was_handed_over_is_left_alone(world: ContentWorld) -> None:
    world.ears.seconds = 1.0
    first = world.moderate(text="a", audio=as_data(wav()), content_id="p1")
    world.ears.seconds = LONG
    with pytest.raises(Conflict):
        world.moderate(text="b", audio=as_data(wav()), content_id="p1")
    assert world.deliver() == []
    assert world.finder.find("p1")[1] == first


@pytest.mark.parametrize("error", [BundleError("damaged"), DependencyDown("s3 did not answer")])
def test_what_fails_is_tried_again_and_then_goes_to_people_with_the_reason(
    error: Exception, world: ContentWorld
) -> None:
    world.moderate(text="hello", audio=as_data(wav()), content_id="p1")
    world.ears.fails = error
    assert [world.deliver(n) for n in range(1, TRIES + 1)] == [[{"itemIdentifier": "m1"}]] * TRIES
    assert world.finder.find("p1")[1].pending == ["audio"]
    assert world.deliver(TRIES + 1) == []
    final = world.finder.find("p1")[1]
    assert (final.outcome, final.review, final.pending) == ("review", True, [])
    assert any("could not be transcribed" in reason for reason in final.reasons)
    assert final.degraded == ["transcription"]
    assert item_of(world)["queue"] == {"S": "review"}


def test_a_sound_that_is_gone_is_given_up_at_once(world: ContentWorld) -> None:
    world.moderate(text="hello", audio=as_data(wav()), content_id="p1")
    world.uploads.objects.clear()
    assert world.deliver() == []
    final = world.finder.find("p1")[1]
    assert (final.outcome, final.degraded) == ("review", ["transcription"])


def test_a_log_that_is_down_is_waited_for(world: ContentWorld) -> None:
    world.moderate(audio=as_data(wav()))
    world.table.fail_with = DependencyDown("dynamodb did not answer")
    assert world.deliver(TRIES + 5) == [{"itemIdentifier": "m1"}]
    world.table.fail_with = None
    assert world.deliver(TRIES + 6) == []
    assert item_of(world)["queue"] == {"S": "review"}


@pytest.mark.parametrize("what", ["queue", "bucket"])
def test_a_sound_that_nobody_takes_is_said_at_once(what: str, world: ContentWorld) -> None:
    if what == "queue":
        world.outbox.down = True
    else:
        world.uploads.fail_with = DependencyDown("s3 did not answer")
    answer = world.moderate(text="hello", audio=as_data(wav()))
    assert (answer.outcome, answer.review, answer.pending) == ("review", True, [])
    assert any(reason.startswith("audio: could not be read") for reason in answer.reasons)
    assert item_of(world)["queue"] == {"S": "review"}
    assert world.outbox.sent == []


def test_what_is_no_message_is_passed_over(world: ContentWorld) -> None:
    assert world.deliver(body="nonsense") == []


def test_the_version_that_decided_decides_again_or_the_live_one(world: ContentWorld) -> None:
    world.moderate(audio=as_data(wav()), content_id="p1")
    answer = json.loads(item_of(world)["answer"]["S"])
    answer["model_version"] = "gone"
    item_of(world)["answer"] = {"S": json.dumps(answer)}
    assert world.deliver() == []
    assert world.finder.find("p1")[1].outcome == "remove"
