"""Observations from their objects, into columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from lambdas.observations import columns
from lambdas.observations.read import Observations
from lambdas.observations.record import Observation, Other, entity_hash, folder, row_id
from tests.support.observations import MemoryBucket, object_of, window

pytestmark = pytest.mark.unit

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
NAMES = ["length", "amount"]


def line(name: str, minutes: float = 0, **values: Any) -> Observation:
    at = (NOON + timedelta(minutes=minutes)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    usual: dict[str, Any] = {"outcome": "A", "review": False, "confidence": 0.5}
    return Observation(id=name, at=at, **{**usual, **values})


def key(hours: int, sequence: int = 1) -> str:
    return f"{folder('tickets', NOON + timedelta(hours=hours))}{sequence:040}.jsonl.gz"


def bucket(*objects: tuple[str, list[Observation]], names: list[str] = NAMES) -> MemoryBucket:
    return MemoryBucket({where: object_of("tickets", names, lines) for where, lines in objects})


def between(objects: MemoryBucket, hours: float = 1) -> Any:
    return Observations(objects, "tickets").between(NOON, NOON + timedelta(hours=hours))


def test_every_field_comes_into_its_column() -> None:
    whole = line(
        "tickets.1", 1, review=True, confidence=0.75, assigned="challenger", variant="none", version="v2",
        source="rules", ms=12.5, entity=entity_hash("tickets", "ana"), severity=1, features=[3.0, None],
        segments={"language": "es"}, other=Other("v1", "B", True, 0.25, 7.0), label="B",
        labelled_at="2026-11-03T12:30:00.000Z",
    )  # fmt: skip
    found = between(bucket((key(0), [whole, line("tickets.2", 2)])))
    assert (len(found), found.service, found.names) == (2, "tickets", ("length", "amount"))
    assert found.id.tolist() == [row_id("tickets.1"), row_id("tickets.2")]
    assert found.at.tolist() == [NOON.timestamp() + 60, NOON.timestamp() + 120]
    for name, word in {
        "assigned": "challenger", "variant": "none", "version": "v2", "source": "rules", "outcome": "A",
        "other_version": "v1", "other_outcome": "B", "label": "B",
    }.items():  # fmt: skip
        assert getattr(found, name).is_(word).tolist()[0], name
    assert found.label.codes.tolist() == [0, -1]
    assert found.version.is_("nothing").tolist() == [False, False]
    assert found.segments["language"].words == ("es",)
    assert found.segments["language"].codes.tolist() == [0, -1]
    assert found.features.dtype == np.float32
    np.testing.assert_array_equal(found.features, [[3, np.nan], [np.nan, np.nan]])
    assert found.entity.tolist() == [int(entity_hash("tickets", "ana"), 16), 0]
    assert (found.review.tolist(), found.severity.tolist()) == ([True, False], [1, 3])
    assert found.other_review.tolist() == [True, False]
    np.testing.assert_array_equal(found.other_confidence, [0.25, np.nan])
    np.testing.assert_array_equal(found.other_ms, [7.0, np.nan])
    np.testing.assert_array_equal(found.ms, [12.5, np.nan])
    np.testing.assert_array_equal(found.labelled_at, [NOON.timestamp() + 1800, np.nan])


def test_a_label_that_came_a_day_later_takes_the_place_of_the_line_before_it() -> None:
    early = line("tickets.1", 1, features=[1.0, 2.0])
    found = between(
        bucket(
            (key(0), [line("tickets.2", 0), early]),
            (key(24), [line("tickets.3", 24 * 60), line("tickets.1", 1, features=[1.0, 2.0], label="B")]),
        )
    )
    assert found.id.tolist() == [row_id("tickets.2"), row_id("tickets.1")]
    assert found.label.codes.tolist() == [-1, 0]
    np.testing.assert_array_equal(found.features, [[np.nan, np.nan], [1, 2]])


def test_what_is_pending_is_left_out_until_it_is_decided() -> None:
    first = (key(0), [line("tickets.1", 1, pending=True)])
    assert len(between(bucket(first))) == 0
    found = between(bucket(first, (key(0, 2), [line("tickets.1", 1, outcome="B")])))
    assert (len(found), found.outcome.is_("B").tolist()) == (1, [True])


def test_only_what_was_decided_in_the_time_asked_for_in_order_of_time() -> None:
    lines = [line(f"tickets.{k}", minutes) for k, minutes in enumerate([59.99, -0.01, 60, 0, 30])]
    found = between(bucket((key(-1), lines), (key(-2), [line("tickets.old", 1)])))
    assert found.id.tolist() == [row_id(f"tickets.{k}") for k in (3, 4, 0)]


def test_an_object_of_the_hour_before_is_read_for_the_clocks_may_differ() -> None:
    assert len(between(bucket((key(-1), [line("tickets.1")])))) == 1


def test_features_that_changed_with_a_release_stand_under_their_names() -> None:
    objects = bucket((key(0), [line("tickets.1", 1, features=[1.0, 2.0])]))
    objects.objects[key(0, 2)] = object_of(
        "tickets", ["new", "length"], [line("tickets.2", 2, features=[8.0, 9.0])]
    )
    found = between(objects)
    assert found.names == ("length", "amount", "new")
    np.testing.assert_array_equal(found.features, [[1, 2, np.nan], [9, np.nan, 8]])


def test_a_service_that_gives_no_features_is_observed_all_the_same() -> None:
    found = between(bucket((key(0), [line("tickets.1")]), names=[]))
    assert (len(found), found.features.shape) == (1, (1, 0))


def test_nothing_is_an_empty_window() -> None:
    found = between(MemoryBucket())
    assert (len(found), found.features.shape, found.segments) == (0, (0, 0), {})
    assert len(found.where(found.review)) == 0


def test_a_long_object_is_decoded_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "AT_ONCE", 400)
    lines = [line(f"tickets.{k}", k / 10, features=[k, None]) for k in range(100)]
    found = between(bucket((key(0), lines)))
    assert found.features[:, 0].tolist() == list(range(100))


def test_rows_are_chosen_in_every_column() -> None:
    two = window(3, names=["x"], features=[1, 2, 3], segments={"language": ["en", None, "es"]}).where(
        np.array([True, False, True])
    )
    assert (two.id.tolist(), two.features.tolist()) == ([1, 3], [[1], [3]])
    assert two.segments["language"].codes.tolist() == [0, 1]


def test_a_night_brings_its_decisions_and_the_older_ones_that_a_label_came_to() -> None:
    old, told = line("old", -3_000), line("told", -3_000, label="A", labelled_at="2026-11-03T12:20:00Z")
    objects = bucket((key(-50), [old, line("told", -3_000)]), (key(0, 2), [told, line("new", 5)]))
    found = Observations(objects, "tickets").between(
        NOON - timedelta(days=30), NOON + timedelta(hours=1), written=NOON
    )
    assert found.id.tolist() == [row_id("told"), row_id("new")]
    assert found.label.codes.tolist() == [0, -1]
