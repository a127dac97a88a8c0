"""The observer: what the stream brings becomes lines that can be read back, each once, and nobody's words."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lambdas.core.errors import DependencyDown, SettingsError
from lambdas.core.variant import Rollout
from lambdas.observations.columns import lines_of
from lambdas.observations.read import Observations
from lambdas.observations.record import row_id
from lambdas.observations.window import Window
from lambdas.observer.images import Reader, reader_of
from lambdas.observer.observer import Observer
from lambdas.tickets import observed as tickets
from lambdas.tickets.schema import TicketRequest
from tests.support.bundles import write_bundle
from tests.support.events import CONTEXT, fresh_telemetry
from tests.support.observations import MemoryBucket
from tests.unit.lambdas.core.test_decide import World

pytestmark = pytest.mark.unit

NOW = datetime.now(UTC)
SECRET = "my invoice of Zebulon Quandary has a wrong charge"


class Bucket(MemoryBucket):
    def __init__(self) -> None:
        super().__init__()
        self.down_after: int | None = None

    def put(self, key: str, body: bytes, **more: Any) -> str:
        if self.down_after is not None and len(self.objects) >= self.down_after:
            raise DependencyDown("s3 did not answer")
        return super().put(key, body, **more)


def records(
    *items: dict[str, Any], kind: str = "INSERT", start: int = 1, created: datetime = NOW
) -> list[dict[str, Any]]:
    """As the stream brings them, with what it says around them."""
    return [
        {
            "eventID": f"e{start + k}",
            "eventName": kind,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": int(created.timestamp()),
                "Keys": {"id": item["id"]},
                "NewImage": item,
                "SequenceNumber": str(4_421_584_500_000_000_017_450_439_000 + start + k),
                "SizeBytes": 100,
                "StreamViewType": "NEW_IMAGE",
            },
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/Decisions/stream/2026",
        }
        for k, item in enumerate(items)
    ]


class Watcher:
    """An observer with its bucket, and what it prints."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.bucket = Bucket()
        self.observer = Observer(self.bucket, fresh_telemetry("observer"), {"tickets": 0.9})
        self._capsys = capsys

    def see(self, *groups: list[dict[str, Any]]) -> list[str]:
        """Hand them over; the numbers of the records that are to come again."""
        event = {"Records": [record for group in groups for record in group]}
        return [each["itemIdentifier"] for each in self.observer(event, CONTEXT)["batchItemFailures"]]

    def window(self, service: str = "tickets") -> Window:
        read = Observations(self.bucket, service)
        return read.between(NOW - timedelta(hours=1), NOW + timedelta(hours=1))

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]

    def observed(self) -> list[dict[str, Any]]:
        return [line for line in self.said() if line.get("message") == "observed"]


@pytest.fixture
def watcher(capsys: pytest.CaptureFixture[str]) -> Watcher:
    return Watcher(capsys)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def decided(world: World, count: int = 3, **ticket: Any) -> list[dict[str, Any]]:
    """As many items of the log, of real decisions."""
    said = {"body": SECRET, "language": "en", **ticket}
    answers = world.decide(
        *(TicketRequest(ticket_id=f"t{k}", customer_id=f"c{k}", **said) for k in range(count))
    )
    return [dict(world.table.items[answer.decision_id]) for answer in answers]


def test_what_was_decided_can_be_read_back_and_holds_nobodys_words(world: World, watcher: Watcher) -> None:
    items = decided(world)
    assert watcher.see(records(*items)) == []
    (body,) = watcher.bucket.objects.values()
    written = gzip.decompress(body).decode()
    for word in ("Zebulon", "invoice", '"c1"', "t1"):
        assert word not in written
    found = watcher.window()
    assert sorted(found.id.tolist()) == sorted(row_id(item["id"]["S"]) for item in items)
    assert found.names == tickets.NAMES
    assert found.features[0, found.names.index("characters")] == len(SECRET) + 1
    assert found.segments["language"].is_("en").all()
    assert found.outcome.is_("Billing").all()
    assert (found.ms > 0).all()
    assert len(set(found.entity.tolist())) == 3
    assert found.version.words == ("v1",)


def test_both_variants_of_a_rollout_are_told_apart(world: World, watcher: Watcher) -> None:
    challenger = write_bundle(world.built, "v2", (0.0, 50.0))
    world.shelf.put_bundle(world.built, "v2")
    world.shelf.put_rollout(Rollout("tickets", world.champion, challenger, share=0.5, compare=1.0))
    watcher.see(records(*decided(world, 40)))
    found = watcher.window()
    moved = found.assigned.is_("challenger")
    assert 5 < moved.sum() < 35
    np.testing.assert_array_equal(moved, found.version.is_("v2"))
    np.testing.assert_array_equal(moved, found.other_version.is_("v1"))
    np.testing.assert_array_equal(found.other_outcome.is_("Billing"), moved)
    assert np.isnan(found.ms).all() and np.isnan(found.other_ms).all(), "asked for in one call"
    lines = {(line["service"], line["variant"], line["version"]): line for line in watcher.observed()}
    assert lines.keys() == {("tickets", "champion", "v1"), ("tickets", "challenger", "v2")}
    assert lines["tickets", "challenger", "v2"]["decisions"] == moved.sum()
    assert lines["tickets", "challenger", "v2"]["outcomes"] == {"Technical": moved.sum()}


def test_who_stood_in_for_a_challenger_that_failed_is_said(world: World, watcher: Watcher) -> None:
    challenger = write_bundle(world.built, "v2", explains=False)
    world.shelf.put_bundle(world.built, "v2")
    world.shelf.put_rollout(Rollout("tickets", world.champion, challenger, share=0.5))
    watcher.see(records(*decided(world, 40)))
    (body,) = watcher.bucket.objects.values()
    lines = [line for part in lines_of(body) if isinstance(part, list) for line in part]
    said = {(line.assigned, line.variant, line.version, line.stand_in) for line in lines}
    assert said == {("champion", "champion", "v1", None), ("challenger", "champion", "v2", "v1")}


def test_a_label_is_known_and_counts_no_decision(world: World, watcher: Watcher) -> None:
    items = decided(world)
    watcher.see(records(*items))
    watcher.said()
    labelled = {**items[1], "label": {"S": "Technical"}, "label_at": {"S": "2026-11-03T12:00:00.000Z"}}
    watcher.see(records(labelled, kind="MODIFY", start=10))
    found = watcher.window()
    assert len(found) == 3
    assert found.label.is_("Technical").sum() == 1
    assert watcher.observed() == []


def test_what_is_provisional_counts_once_it_is_amended(world: World, watcher: Watcher) -> None:
    (item,) = decided(world, 1)
    watcher.see(records({**item, "pending": {"S": "audio"}}))
    assert (len(watcher.window()), watcher.observed()) == (0, [])
    watcher.see(records(item, kind="MODIFY", start=2))
    assert len(watcher.window()) == 1
    assert [line["decisions"] for line in watcher.observed()] == [1]


def test_a_batch_that_comes_again_is_written_over_itself(world: World, watcher: Watcher) -> None:
    again = records(*decided(world))
    watcher.see(again)
    before = dict(watcher.bucket.objects)
    watcher.see(again)
    assert watcher.bucket.objects == before
    watcher.see(again[1:])
    assert len(watcher.window()) == 3, "each once, however often it was brought"


def test_what_the_bucket_did_not_take_comes_again_and_is_told_once(world: World, watcher: Watcher) -> None:
    items = decided(world, 4)
    later = NOW + timedelta(hours=1)
    batch = records(*items[:2]) + records(*items[2:], start=3, created=later)
    watcher.bucket.down_after = 1
    failed = watcher.see(batch)
    assert failed == [batch[2]["dynamodb"]["SequenceNumber"]]
    assert [line["decisions"] for line in watcher.observed()] == [2]
    watcher.bucket.down_after = None
    assert watcher.see(batch[2:]) == []
    assert [line["decisions"] for line in watcher.observed()] == [2]
    assert len(watcher.window()) == 4


def test_with_the_bucket_down_everything_comes_again(world: World, watcher: Watcher) -> None:
    watcher.bucket.down_after = 0
    batch = records(*decided(world))
    assert watcher.see(batch) == [batch[0]["dynamodb"]["SequenceNumber"]]
    assert watcher.observed() == []


def test_a_fourth_service_without_a_reader_is_observed_without_features(
    world: World, watcher: Watcher
) -> None:
    (item,) = decided(world, 1)
    watcher.see(records({**item, "service": {"S": "messages"}, "id": {"S": "messages.1"}}))
    found = watcher.window("messages")
    assert (len(found), found.names, found.outcome.words) == (1, (), ("Billing",))
    assert [line["service"] for line in watcher.observed()] == ["messages"]
    assert reader_of("messages") == Reader()
    assert reader_of("tickets").names == tickets.NAMES


def test_two_services_in_a_batch_are_an_object_each(world: World, watcher: Watcher) -> None:
    one, two = decided(world, 2)
    watcher.see(records(one, {**two, "service": {"S": "messages"}}))
    assert [key.split("/")[1] for key in watcher.bucket.objects] == ["tickets", "messages"]


def test_a_decision_of_an_earlier_release_is_observed(world: World, watcher: Watcher) -> None:
    (item,) = decided(world, 1)
    for name in ("assigned", "assigned_version", "ms", "severity"):
        del item[name]
    watcher.see(records({**item, "variant": {"S": "challenger"}}))
    found = watcher.window()
    assert (found.assigned.words, found.version.words, found.severity.tolist()) == (
        ("challenger",),
        ("v1",),
        [3],
    )
    assert np.isnan(found.ms).all()


def test_what_cannot_be_read_is_said_and_holds_up_nothing(world: World, watcher: Watcher) -> None:
    items = decided(world, 3)
    del items[0]["outcome"]
    items[1]["asked"] = {"S": '{"no":"ticket"}'}
    assert watcher.see(records(*items)) == []
    said = [line["message"] for line in watcher.said() if line.get("level") == "ERROR"]
    assert said == ["a decision that cannot be observed", "a decision without its features"]
    found = watcher.window()
    assert len(found) == 2
    assert np.isnan(found.features).all(axis=1).sum() == 1


def test_an_expiry_is_no_decision(watcher: Watcher) -> None:
    gone = {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "1", "ApproximateCreationDateTime": 1.0}}
    assert watcher.see([gone]) == []
    assert (watcher.bucket.objects, watcher.said()) == ({}, [])


@pytest.mark.parametrize(
    ("confidence", "count", "source", "metric"),
    [
        ("0.600000", 20, "model", [pytest.approx(0.3)]),
        ("0.950000", 20, "model", [0.0]),
        ("0.600000", 19, "model", None),
        ("0.100000", 30, "rules", None),
    ],
)
def test_low_confidence_is_by_how_much_the_models_of_a_service_are_below_its_bound(
    world: World, watcher: Watcher, confidence: str, count: int, source: str, metric: Any
) -> None:
    items = [
        {**item, "confidence": {"N": confidence}, "source": {"S": source}} for item in decided(world, count)
    ]
    watcher.see(records(*items))
    written = [line["LowConfidence"] for line in watcher.said() if "LowConfidence" in line]
    assert written == ([] if metric is None else [metric])


def test_bad_bounds_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTIFACTS_BUCKET", "b")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    from lambdas.observer.handler import bounds_of

    assert bounds_of('{"tickets": 0.6}') == {"tickets": 0.6}
    with pytest.raises(SettingsError, match="LOW_CONFIDENCE"):
        bounds_of("[]")
