"""The nightly job over a bucket in memory: windows that follow each other, alarms, mails, reports."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from lambdas.core.bundle import FileEntry, Head, Manifest, TrainingData
from lambdas.core.errors import DependencyDown
from lambdas.core.notices import Links
from lambdas.core.variant import BundleRef, Rollout
from lambdas.drift.job import LATE, DriftJob
from lambdas.drift.limits import Limits
from lambdas.drift.report import Report, State
from lambdas.observations.record import Observation, folder
from tests.support.events import fresh_telemetry
from tests.support.observations import MemoryBucket, object_of
from tests.unit.lambdas.drift.worlds import OUTCOMES, World

pytestmark = pytest.mark.unit
UNTIL = datetime(2026, 10, 1, 3, 40, tzinfo=UTC) - LATE
DAY = timedelta(days=1)
WORLD = World(9, features=6, customers=3_000)


class Told:
    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self.down = False

    def publish(self, subject: str, message: str, attributes: Any = None) -> None:
        if self.down:
            raise DependencyDown("sns is away")
        self.mails.append((subject, message))


def publish(bucket: MemoryBucket, world: World, version: str = "v1") -> None:
    reference = msgspec.json.encode(world.bundle().reference)
    entry = FileEntry(hashlib.sha256(reference).hexdigest(), len(reference))
    head = Head("department", "department_probabilities", list(OUTCOMES), {})
    manifest = msgspec.json.encode(
        Manifest(
            format=1, service="tickets", version=version, created_at="", bundle_hash="", git_commit="",
            seed=0, training_data=TrainingData("", "", 0), heads=[head], features=world.names, settings={},
            metrics={"accuracy": 0.8}, files={"reference.json": entry, "model.onnx": entry},
        )
    )  # fmt: skip
    bucket.put(f"tickets/bundles/{version}/reference.json", reference)
    bucket.put(f"tickets/bundles/{version}/manifest.json", manifest)
    ref = BundleRef(version, hashlib.sha256(manifest).hexdigest())
    bucket.put("tickets/rollout.json", msgspec.json.encode(Rollout("tickets", ref)))


def put_day(
    bucket: MemoryBucket, world: World, number: int, n: int, *, version: str = "v1", broken: bool = False
) -> None:
    """The decisions of the day that ends at UNTIL + `number` days."""
    found, begin = world.window(number, n), UNTIL + (number - 1) * DAY
    features = found.features.copy()
    if broken:
        features[:, 0] = np.nan
    lines = [
        Observation(
            id=f"tickets.{number}-{k}",
            at=(begin + DAY * (k / n)).isoformat(),
            outcome=found.outcome.words[found.outcome.codes[k]],
            review=bool(found.review[k]),
            confidence=float(found.confidence[k]),
            version=version,
            entity=f"{int(found.entity[k]):016x}",
            features=[None if np.isnan(v) else float(v) for v in features[k]],
        )
        for k in range(n)
    ]
    for part in range(0, n, 100):
        at = begin + DAY * (part / n)
        body = object_of("tickets", world.names, lines[part : part + 100])
        bucket.put(f"{folder('tickets', at)}{number:03d}{part:06d}.jsonl.gz", body)


def job(bucket: MemoryBucket, told: Told, day: int, services: tuple[str, ...] = ("tickets",)) -> DriftJob:
    return DriftJob(
        bucket, told, services, limits=Limits(), label_outcomes={}, links=Links("https://dashboard"),
        telemetry=fresh_telemetry, now=lambda: UNTIL + LATE + day * DAY,
    )  # fmt: skip


def state(bucket: MemoryBucket) -> State:
    return msgspec.json.decode(bucket.objects["tickets/drift/state.json"], type=State)


def latest(bucket: MemoryBucket) -> Report:
    return msgspec.json.decode(bucket.objects["tickets/drift/latest.json"], type=Report)


def drift_metric(printed: str) -> list[float]:
    return [
        json.loads(line)["Drift"][0] for line in printed.splitlines() if '"Drift"' in line and "_aws" in line
    ]


def test_a_broken_field_alarms_after_three_nights_and_is_over_after_two(capfd: Any) -> None:
    """Given eight quiet nights, when a producer leaves a field out, then the metric says so, and the job
    leaves it to the metric's alarm to tell people."""
    bucket, told = MemoryBucket(), Told()
    publish(bucket, WORLD)
    metric = []
    for day in range(15):
        put_day(bucket, WORLD, day, 300, broken=8 <= day < 12)
        job(bucket, told, day)({}, None)
        metric += drift_metric(capfd.readouterr().out)
    assert metric == [0.0] * 10 + [1.0] * 3 + [0.0] * 2
    assert told.mails == []
    assert state(bucket).windows == 15 and len(state(bucket).history) == 15
    pages = [key for key in bucket.objects if key.endswith(".html")]
    assert len(pages) == 15 and f"tickets/drift/{UNTIL:%Y-%m-%d}.html" in pages
    assert latest(bucket).counts and latest(bucket).promised == 0.8


def remember_alarm(bucket: MemoryBucket, service: str, day: int, *, on: bool = True) -> None:
    """As if the job had found, on `day`, that `service` drifts."""
    at = (UNTIL + day * DAY).isoformat()
    found = State("v1", at, at, windows=5, alarm=on, alarm_since=at if on else "")
    bucket.put(f"{service}/drift/state.json", msgspec.json.encode(found))


def test_drift_that_begins_and_ends_while_another_services_is_on_has_mails_of_its_own() -> None:
    """The alarm is on already, and stays on: it would say nothing."""
    bucket, told = MemoryBucket(), Told()
    publish(bucket, WORLD)
    remember_alarm(bucket, "content", 0)
    for day in range(15):
        put_day(bucket, WORLD, day, 300, broken=8 <= day < 12)
        job(bucket, told, day, ("content", "tickets"))({}, None)
    begun, over = told.mails
    assert begun[0] == "Triage: tickets, drift" and "normal0" in begun[1]
    assert "missing 0.0% -> 100.0%" in begun[1]
    assert "Dashboard: https://dashboard" in begun[1] and "#drift" in begun[1]
    assert over[0] == "Triage: tickets, the drift is over"


def test_the_last_end_is_the_alarms_to_tell() -> None:
    """Given that another's drift was on when this one's began, and is over since."""
    bucket, told = MemoryBucket(), Told()
    publish(bucket, WORLD)
    for day in range(14):
        put_day(bucket, WORLD, day, 300, broken=8 <= day < 12)
        remember_alarm(bucket, "content", day, on=day == 10)
        job(bucket, told, day, ("content", "tickets"))({}, None)
    assert [subject for subject, _ in told.mails] == ["Triage: tickets, drift"]
    assert not state(bucket).alarm


def test_a_run_that_comes_again_leaves_the_report_with_the_alarm_that_is_remembered() -> None:
    """The mail of the alarm reads it."""
    bucket, told = MemoryBucket(), Told()
    publish(bucket, WORLD)
    put_day(bucket, WORLD, 0, 300)
    remember_alarm(bucket, "tickets", 0)
    job(bucket, told, 0)({}, None)
    assert (latest(bucket).alarm, latest(bucket).counts, told.mails) == (True, False, [])


def test_a_second_run_in_the_same_night_is_no_further_window() -> None:
    bucket, told = MemoryBucket(), Told()
    publish(bucket, WORLD)
    put_day(bucket, WORLD, 0, 300)
    job(bucket, told, 0)({}, None)
    before = bucket.objects["tickets/drift/state.json"]
    job(bucket, told, 0)({}, None)
    assert bucket.objects["tickets/drift/state.json"] == before and not latest(bucket).counts


def test_too_few_decisions_wait_for_more() -> None:
    bucket, told = MemoryBucket(), Told()
    publish(bucket, WORLD)
    for day in range(3):
        put_day(bucket, WORLD, day, 60)
        job(bucket, told, day)({}, None)
        report = latest(bucket)
        # The second night's window reaches back to where the first one began; the third starts anew.
        assert (report.enough, report.decisions) == [(False, 60), (True, 120), (False, 60)][day]
    assert state(bucket).windows == 1


def test_a_service_that_was_quiet_for_long_is_looked_at_again_when_two_days_are_enough() -> None:
    """Given 10 decisions a day for nine days, when 60 a day come, then every second night has a verdict."""
    bucket, told = MemoryBucket(), Told()
    publish(bucket, WORLD)
    found = []
    for day in range(25):
        put_day(bucket, WORLD, day, 10 if day < 9 else 60)
        job(bucket, told, day)({}, None)
        report = latest(bucket)
        found.append((report.enough, report.decisions))
    # A window that waits is a week at most, and the first verdict is on six quiet days and a busy one.
    quiet = [(False, 10 * min(day + 1, 7)) for day in range(9)]
    assert found == [*quiet, (True, 120), *[(False, 60), (True, 120)] * 7, (False, 60)]
    assert state(bucket).windows == 8 and told.mails == []


def test_another_bundle_begins_anew_and_ends_the_alarm() -> None:
    bucket, told = MemoryBucket(), Told()
    publish(bucket, WORLD)
    for day in range(12):
        put_day(bucket, WORLD, day, 300, broken=day >= 8)
        job(bucket, told, day)({}, None)
    assert state(bucket).alarm and told.mails == []
    publish(bucket, WORLD, "v2")
    put_day(bucket, WORLD, 12, 300, version="v2")
    put_day(bucket, WORLD, 12, 50, version="v1")
    remember_alarm(bucket, "content", 11)
    job(bucket, told, 12, ("tickets", "content"))({}, None)
    assert told.mails[-1][0] == "Triage: tickets, the drift is over" and "v2" in told.mails[-1][1]
    assert (state(bucket).version, state(bucket).windows, state(bucket).alarm) == ("v2", 1, False)


def test_what_was_never_like_the_training_data_is_said_once() -> None:
    bucket, told = MemoryBucket(), Told()
    publish(bucket, WORLD)
    for day in range(8):
        put_day(bucket, WORLD, day, 300, broken=True)
        job(bucket, told, day)({}, None)
    ((subject, text),) = told.mails
    assert subject == "Triage: tickets, live data is unlike the training data" and "normal0" in text
    assert not state(bucket).alarm and state(bucket).watched["normal0"].own


def test_services_without_a_bundle_and_with_a_damaged_one_do_not_stop_the_others(capfd: Any) -> None:
    bucket, told = MemoryBucket(), Told()
    publish(bucket, WORLD)
    put_day(bucket, WORLD, 0, 300)
    bucket.put("content/rollout.json", b"{")
    done = job(bucket, told, 0, ("transactions", "content", "tickets"))({}, None)
    assert (
        "does not exist" in done["transactions"]["why_not"] and "cannot be read" in done["content"]["why_not"]
    )
    assert done["tickets"]["decisions"] == 300
    bucket.put("tickets/bundles/v1/reference.json", b"{}")
    done = job(bucket, told, 1)({}, None)
    assert "reference.json has 2 bytes" in done["tickets"]["why_not"]


def test_a_mail_that_cannot_be_sent_does_not_stop_the_job(capfd: Any) -> None:
    bucket, told = MemoryBucket(), Told()
    told.down = True
    publish(bucket, WORLD)
    remember_alarm(bucket, "content", 0)
    for day in range(12):
        put_day(bucket, WORLD, day, 300, broken=day >= 8)
        job(bucket, told, day, ("tickets", "content"))({}, None)
    assert state(bucket).alarm and "nobody was told of drift" in capfd.readouterr().out


def test_a_bucket_that_is_down_is_an_error_that_lambda_tries_again() -> None:
    class Down(MemoryBucket):
        def get(self, key: str, *, unless_etag: str | None = None) -> Any:
            raise DependencyDown("s3 is away")

    with pytest.raises(DependencyDown, match="s3 is away"):
        job(Down(), Told(), 0)({}, None)
