"""The books of a service over days, months and labels that come late."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from lambdas.core.errors import DependencyDown
from lambdas.observations.record import Observation, folder
from lambdas.value.accounts import QUIET_HOURS, read_books, rests, write_books
from lambdas.value.job import Job
from lambdas.value.ledger import Latest, Month, latest_key
from lambdas.value.worth import ANY, SETTING, Cost, Rate, Worth
from tests.support.events import fresh_telemetry
from tests.support.observations import MemoryBucket, object_of

pytestmark = pytest.mark.unit

WORTH = Worth(
    currency="EUR",
    cost_an_hour=60.0,
    by_hand=Cost(minutes=2.0),
    review=Cost(minutes=1.0),
    wrong={ANY: {ANY: Cost(minutes=10.0)}},
    errors={ANY: {ANY: Rate(0.1, 0.05, 0.15)}},
)
"""A minute is 1. An unlabelled decision acted on alone saves 2 - 0.1 * 10 = 1, a right one 2, a wrong -8."""


def at(day: int, hour: int = 12, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def manifest(version: str, settings: dict[str, Any]) -> bytes:
    return msgspec.json.encode(
        {
            "format": 1, "service": "tickets", "version": version, "created_at": "", "bundle_hash": "",
            "git_commit": "", "seed": 1, "training_data": {"source": "", "sha256": "", "rows": 1},
            "heads": [{"name": "department", "output": "p", "classes": ["a", "b"], "thresholds": {}}],
            "features": [], "settings": settings, "metrics": {},
            "files": {"model.onnx": {"sha256": "", "bytes": 1}},
        }
    )  # fmt: skip


class World(MemoryBucket):
    """A bucket with a live bundle and an observer's pen."""

    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        rollout = {"service": "tickets", "champion": {"version": "v1", "manifest_sha256": ""}}
        super().__init__(
            {
                "tickets/rollout.json": msgspec.json.encode(rollout),
                "tickets/bundles/v1/manifest.json": manifest(
                    "v1", {SETTING: msgspec.to_builtins(WORTH)} if settings is None else settings
                ),
            }
        )
        self.read: list[str] = []
        self.written: list[str] = []
        self._number = 0

    def get(self, key: str, *, unless_etag: str | None = None) -> Any:
        self.read.append(key)
        return super().get(key)

    def put(self, key: str, body: bytes, **more: Any) -> str:
        self.written.append(key)
        return super().put(key, body, **more)

    def decided(self, name: str, when: datetime, *, label: str | None = None, given: datetime | None = None,
                version: str | None = "v1", review: bool = False) -> None:  # fmt: skip
        """What the stream brings when the decision is made, or labelled."""
        given = (given or when) if label else None
        line = Observation(
            name, when.isoformat(), "a", review, 0.9, version=version, label=label,
            labelled_at=given.isoformat() if given else None,
        )  # fmt: skip
        self._number += 1
        key = f"{folder('tickets', given or when)}{self._number:09d}.jsonl.gz"
        self.objects[key] = object_of("tickets", [], [line])

    def run(self, now: datetime) -> Latest:
        self.read, self.written = [], []
        books = read_books(self, "tickets", now)
        write_books(self, books)
        return books.latest

    def month(self, name: str = "2026-03") -> Month:
        return msgspec.json.decode(self.objects[f"tickets/value/{name}.json"], type=Month)


def test_today_and_the_month_are_added_up() -> None:
    world = World()
    world.decided("one", at(10))
    world.decided("two", at(11), label="a")
    world.decided("three", at(11), label="b")
    world.decided("four", at(11), review=True)
    latest = world.run(at(11, 18))
    assert latest.today.money == pytest.approx(2 - 8 + 1)
    assert (latest.today.decisions, latest.today.labelled, latest.today.wrong) == (3, 2, 1)
    assert latest.month.money == pytest.approx(1 + 2 - 8 + 1)
    assert (latest.month.low, latest.month.high) == (pytest.approx(-4.5), pytest.approx(-3.5))
    assert latest.currency == "EUR" and latest.worth == WORTH and latest.notes == []
    assert world.month().days["10"].own.decisions == 1


def test_a_run_reads_today_only_once_the_days_before_are_closed() -> None:
    world = World()
    for day in range(1, 10):
        world.decided(f"day {day}", at(day))
    world.run(at(9, 13))
    assert sorted(world.month().days) == [f"{day:02d}" for day in range(1, 9)]
    world.decided("more", at(9, 14))
    latest = world.run(at(9, 15))
    read = [key for key in world.read if key.startswith("observations/")]
    assert all("/2026/03/09/" in key or "/2026/03/08/23/" in key for key in read) and len(read) == 2
    assert world.written == [latest_key("tickets")]
    assert latest.month.decisions == 10
    # The next day closes yesterday: its objects are read once more, and never again after that.
    world.run(at(10, 0, 10))
    assert any("/2026/03/09/" in key for key in world.read)
    world.run(at(10, 1, 10))
    assert not any("/2026/03/09/1" in key for key in world.read)


def test_a_label_of_the_same_day_is_part_of_the_day_and_a_later_one_is_booked_when_it_comes() -> None:
    world = World()
    world.decided("one", at(10))
    assert world.run(at(10, 13)).today.money == pytest.approx(1)
    world.decided("one", at(10), label="a", given=at(10, 15))
    latest = world.run(at(10, 16))
    assert (latest.today.decisions, latest.today.money) == (1, pytest.approx(2))

    world.decided("two", at(10, 20))
    world.run(at(11, 0, 10))
    world.decided("two", at(10, 20), label="b", given=at(12, 9))
    latest = world.run(at(12, 10))
    # It had been counted with 1, and was worth -8.
    assert (latest.today.decisions, latest.today.money) == (0, pytest.approx(-9))
    assert (latest.today.labelled, latest.today.wrong) == (1, 1)
    assert latest.late == latest.today
    assert latest.month.money == pytest.approx(2 - 8) and latest.month.decisions == 2
    # The doubt that its rate left is gone.
    assert latest.month.low == pytest.approx(latest.month.high)
    assert world.run(at(13, 0, 10)).month.money == pytest.approx(2 - 8)
    assert world.month().days["10"].own.money == pytest.approx(3), "a day that is closed stays as it is"
    assert world.month().days["12"].late.money == pytest.approx(-9)


def test_a_label_between_midnight_and_the_closing_counts_once() -> None:
    world = World()
    world.decided("one", at(10, 23, 59))
    world.decided("one", at(10, 23, 59), label="a", given=at(11, 0, 5))
    world.run(at(11, 0, 10))
    for now in (at(11, 1, 10), at(12, 0, 10), at(12, 5, 10)):
        assert world.run(now).month.money == pytest.approx(2)
    assert world.month().days["10"].own.money == pytest.approx(1)
    assert world.month().days["11"].late.money == pytest.approx(1)


def test_a_month_begins_anew_and_its_last_day_is_closed_in_its_own_file() -> None:
    world = World()
    world.decided("one", at(31))
    world.run(at(31, 13))
    world.decided("two", at(1, month=4))
    latest = world.run(at(1, 13, month=4))
    assert latest.month.decisions == 1 and latest.month.money == pytest.approx(1)
    assert "31" in world.month().days and world.month().days["31"].own.decisions == 1
    assert "tickets/value/2026-04.json" not in world.objects


def test_days_without_a_run_are_added_up_by_the_next_one() -> None:
    world = World()
    world.decided("one", at(2))
    world.run(at(2, 13))
    for day in range(3, 8):
        world.decided(f"day {day}", at(day))
    world.decided("one", at(2), label="a", given=at(5))
    latest = world.run(at(8, 13))
    assert latest.month.decisions == 6
    assert latest.month.money == pytest.approx(2 + 5)
    assert world.month().days["05"].late.labelled == 1


def test_nothing_is_written_when_nothing_is_new() -> None:
    world = World()
    world.decided("one", at(10))
    world.run(at(10, 13))
    world.run(at(10, 14))
    assert world.written == []


def test_an_older_bundle_has_the_defaults_of_training_and_says_so() -> None:
    world = World(settings={})
    world.decided("one", at(10), label="a")
    latest = world.run(at(10, 13))
    assert latest.today.money == pytest.approx(2.6 / 60 * 35)
    assert latest.notes == [
        "bundle v1 is older than these figures: its decisions have training's default costs, and errors as "
        "often as their confidence allows"
    ]
    world.run(at(11, 1))
    assert world.run(at(11, 2)).notes == latest.notes


def test_a_service_that_nobody_priced_is_counted() -> None:
    world = World(settings={})
    for key in [key for key in world.objects if key.startswith("tickets/")]:
        world.objects[key.replace("tickets/", "posts/", 1)] = world.objects.pop(key)
    line = Observation("one", at(10).isoformat(), "a", False, 0.9, version="v1")
    world.objects[f"{folder('posts', at(10))}1.jsonl.gz"] = object_of("posts", [], [line])
    latest = read_books(world, "posts", at(10, 13)).latest
    assert (latest.today.decisions, latest.today.unpriced, latest.today.money) == (1, 1, 0.0)
    assert "counted, not priced" in latest.notes[0]


@pytest.mark.parametrize(
    "body",
    [b"", b"not gzip", gzip.compress(b"no newline"), gzip.compress(b"{}\n{}\n")[:-9]],
    ids=["empty", "text", "no newline", "cut"],  # gzip writes the time: no name of a test
)
def test_an_object_that_cannot_be_read_is_left_out_and_named(body: bytes) -> None:
    world = World()
    world.decided("one", at(10))
    key = f"{folder('tickets', at(10))}damaged.jsonl.gz"
    world.objects[key] = body
    latest = world.run(at(10, 13))
    assert latest.today.decisions == 1
    assert latest.notes and latest.notes[0].startswith(f"{key} cannot be read and is left out")


def test_damaged_figures_are_told_not_believed() -> None:
    world = World(settings={SETTING: {"currency": 3}})
    world.decided("one", at(10))
    assert "settings.business" in world.run(at(10, 13)).notes[0]


def test_the_job_writes_a_line_a_service_and_one_that_is_down_stops_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Half(World):
        def get(self, key: str, *, unless_etag: str | None = None) -> Any:
            if key.startswith("content/"):
                raise DependencyDown("s3 did not answer")
            return super().get(key)

    world = Half()
    world.decided("one", at(10))
    with pytest.raises(DependencyDown, match="content: s3 did not answer"):
        Job(world, ["content", "tickets"], fresh_telemetry, now=lambda: at(10, 13))({}, None)
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    (said,) = [line for line in lines if line["message"] == "value"]
    assert said["service"].startswith("tickets")
    assert (said["day_money"], said["month_money"], said["currency"]) == (1.0, 1.0, "EUR")
    assert (said["day_hours"], said["month_hours"], said["decisions"]) == (0.02, 0.02, 1)
    assert isinstance(world.objects[latest_key("tickets")], bytes)


def test_it_may_run_twice_at_once() -> None:
    world = World()
    world.decided("one", at(9))
    world.decided("two", at(10))
    first, second = (read_books(world, "tickets", at(10, 13)) for _ in range(2))
    write_books(world, first)
    write_books(world, second)
    assert world.run(at(10, 13) + timedelta(hours=1)).month.decisions == 2


class Counted(World):
    """Counts how often a folder is listed."""

    lists = 0

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        self.lists += 1
        return super().keys(prefix, after)

    def hours(self, first: datetime, hours: int, event: dict[str, Any]) -> None:
        """The job, `hours` times."""
        for k in range(hours):
            now = first + timedelta(hours=k)
            Job(self, ["tickets"], fresh_telemetry, now=lambda now=now: now)(event, None)  # type: ignore[misc]


SCHEDULED = {"source": "aws.events"}


def test_where_nothing_comes_most_runs_of_the_schedule_list_nothing() -> None:
    world = Counted()
    world.hours(at(10, 0), 48, SCHEDULED)
    assert world.lists == 48 / QUIET_HOURS
    assert set(world.month().days) >= {"10"}, "and days are closed all the same"
    assert len(world.written) <= 2 * 2, "figures of each day, and the day that is closed"


def test_what_comes_after_a_quiet_time_is_counted_each_hour_from_the_next_look_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = Counted()
    world.hours(at(10, 0), 13, SCHEDULED)
    world.decided("one", at(10, 12, 30))
    world.hours(at(10, 13), 3, SCHEDULED)
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    said = [line["decisions"] for line in lines if line["message"] == "value"]
    assert said == [0] * 15 + [1], "at 15 hours; the others repeat what is known"
    world.lists = 0
    world.hours(at(10, 16), 20, SCHEDULED)
    assert world.lists == 20, "for a day from the newest decision on each run looks"
    world.lists = 0
    world.hours(at(11, 13), 11, SCHEDULED)
    assert world.lists == 3


def test_a_label_on_an_older_decision_keeps_it_awake() -> None:
    world = Counted()
    world.decided("one", at(7))
    world.decided("one", at(7), label="a", given=at(10, 9))
    latest = world.run(at(10, 12))
    assert latest.newest == at(10, 9).isoformat() and not rests(latest, at(11, 8))
    assert rests(latest, at(10, 9) + timedelta(hours=25)) is False, "that is another day: it is closed first"


def test_whoever_asks_by_hand_is_answered_with_what_is_there() -> None:
    world = Counted()
    world.hours(at(10, 0), 2, SCHEDULED)
    world.decided("one", at(10, 1, 10))
    world.hours(at(10, 1, 20), 1, {})
    assert msgspec.json.decode(world.objects[latest_key("tickets")], type=Latest).today.decisions == 1


def test_figures_of_a_release_that_did_not_say_when_are_looked_at() -> None:
    latest = Counted().run(at(10, 13))
    assert latest.newest == "" and rests(latest, at(10, 13))
    assert not rests(msgspec.structs.replace(latest, newest=None), at(10, 13))
