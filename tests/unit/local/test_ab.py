"""`make ab`: what it asks for, what it reads, and what it says when it cannot."""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import msgspec
import numpy as np
import pytest
from moto import mock_aws
from rich.console import Console

from lambdas.core.variant import BundleRef, Rollout
from lambdas.observations.record import Observation
from lambdas.rollout.ab_types import NothingToCompare, Period, Report
from lambdas.rollout.judge_plan import Costs, Judgement
from lambdas.rollout.record import Look, Plan, Preflight, Record, Step, preflight_key, record_key
from local import ab
from local.errors import Misused
from local.learning import Where
from local.place import Place
from tests.support.observations import object_of

pytestmark = pytest.mark.unit

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
BEGIN = datetime(2026, 6, 9, 12, tzinfo=UTC)
BUCKET = "artifacts"


def wanted(*words: str) -> ab.Wanted:
    parser = argparse.ArgumentParser()
    parser.add_argument("service")
    ab.add_options(parser)
    return ab.wanted_from(parser.parse_args(["tickets", *words]))


def record(*, looks: list[tuple[int, int]], step: int = 0, over: bool = True, steps: Any = None) -> Record:
    """`looks` are (minutes after BEGIN, step)."""
    said = Judgement(verdict="wait", reason="", findings=[])
    return Record(
        id="r1",
        service="tickets",
        by="ana",
        started_at=BEGIN.isoformat(),
        before=Rollout("tickets", BundleRef("v1", "a")),
        challenger=BundleRef("v2", "b"),
        plan=Plan(steps=steps or [Step(0.1), Step(0.5)]),
        status="promoted" if over else "running",
        step=step,
        looks=[Look((BEGIN + timedelta(minutes=m)).isoformat(), k, {}, said) for m, k in looks],
    )


def minutes(found: list[Period]) -> list[tuple[float, float, float]]:
    return [
        ((each.since - BEGIN.timestamp()) / 60, (each.until - BEGIN.timestamp()) / 60, each.share)
        for each in found
    ]


# ---- times and periods ------------------------------------------------------------------------


def test_times_are_days_moments_or_so_long_ago() -> None:
    week = timedelta(days=7)
    assert ab.times(wanted(), NOW) == (NOW - week, NOW)
    assert ab.times(wanted("--since", "36h"), NOW) == (NOW - timedelta(hours=36), NOW)
    since, until = ab.times(wanted("--since", "2026-06-01", "--until", "2026-06-02T10:30+02:00"), NOW)
    assert since == datetime(2026, 6, 1, tzinfo=UTC)
    assert until == datetime(2026, 6, 2, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "words", [("--since", "soon"), ("--until", "32.1.2026"), ("--since", "9" * 30 + "d")]
)
def test_a_time_that_is_none_is_refused(words: tuple[str, str]) -> None:
    with pytest.raises(Misused, match="say a time as"):
        ab.times(wanted(*words), NOW)


def test_a_time_that_is_over_before_it_begins_is_refused() -> None:
    with pytest.raises(Misused, match="not before UNTIL"):
        ab.times(wanted("--since", "1d", "--until", "2d"), NOW)


def test_steps_are_the_times_between_their_looks() -> None:
    found = ab.periods_of(record(looks=[(10, 0), (20, 0), (30, 1), (40, 1)], step=1), "v1", "v2", NOW)
    assert minutes(found) == [(1, 20, 0.1), (21, 40, 0.5)]


def test_the_other_way_round_the_share_is_the_champions() -> None:
    found = ab.periods_of(record(looks=[(10, 0)]), "v2", "v1", NOW)
    assert minutes(found) == [(1, 10, 0.9)]


def test_a_rollout_that_runs_lasts_until_now() -> None:
    found = ab.periods_of(record(looks=[(10, 0)], over=False), "v1", "v2", BEGIN + timedelta(minutes=15))
    assert minutes(found) == [(1, 15, 0.1)]


def test_a_rollout_that_was_taken_up_again_has_a_hole() -> None:
    found = ab.periods_of(record(looks=[(10, 0), (600, 0), (610, 0)]), "v1", "v2", NOW)
    assert minutes(found) == [(1, 10, 0.1), (600, 610, 0.1)]


def test_shadow_splits_nothing_and_other_rollouts_say_nothing() -> None:
    made = record(looks=[(10, 0), (20, 1)], step=1, steps=[Step(0.0, shadow=True), Step(0.1)])
    assert minutes(ab.periods_of(made, "v1", "v2", NOW)) == [(11, 20, 0.1)]
    assert ab.periods_of(made, "v1", "v3", NOW) == []


# ---- the command ------------------------------------------------------------------------------


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        found = boto3.client("s3", region_name="us-east-1")
        found.create_bucket(Bucket=BUCKET)
        outputs = {"Triage-Artifacts": {"ArtifactsBucket": BUCKET}}
        monkeypatch.setattr(ab, "where", lambda *_, **__: Where(outputs, {}, lambda _: found))
        yield found


def put(s3: Any, key: str, value: Any) -> None:
    s3.put_object(
        Bucket=BUCKET, Key=key, Body=value if isinstance(value, bytes) else msgspec.json.encode(value)
    )


def observe(s3: Any, n: int = 2000, share: float = 0.5) -> None:
    rng = np.random.default_rng(1)
    place = rng.random(n // 4)
    made = []
    for k in range(n):
        entity = int(rng.integers(0, n // 4))
        new = bool(place[entity] < share)
        variant = "challenger" if new else "champion"
        made.append(
            Observation(
                id=f"d{k}",
                at=(BEGIN + timedelta(minutes=2, seconds=k)).isoformat(),
                outcome=str(rng.choice(["a", "b"])),
                review=bool(rng.random() < (0.4 if new else 0.1)),
                confidence=0.9,
                assigned=variant,
                variant=variant,
                version="v2" if new else "v1",
                ms=float(np.exp(rng.normal(1, 0.3))),
                entity=f"{entity + 1:016x}",
                segments={"language": str(rng.choice(["en", "es"]))},
            )
        )
    put(s3, f"observations/tickets/{BEGIN:%Y/%m/%d/%H}/1.jsonl.gz", object_of("tickets", [], made))


def run(tmp_path: Path, *words: str) -> tuple[str, Path]:
    shown = io.StringIO()
    place = Place(root=tmp_path, folder=tmp_path / ".local", build=tmp_path / "build")
    ab.compare(
        place,
        Console(file=shown, width=200),
        wanted("--since", "2026-06-09", "--until", "2026-06-11", *words),
    )
    return shown.getvalue(), tmp_path / "build/tickets/ab"


def test_it_compares_the_two_of_the_newest_rollout(s3: Any, tmp_path: Path) -> None:
    observe(s3)
    put(s3, record_key("tickets", "r1"), record(looks=[(10, 0), (20, 0), (40, 0)], steps=[Step(0.5)]))
    said, folder = run(tmp_path)
    assert "goes to people: A 1" in said
    assert "should" in said
    made = msgspec.json.decode((folder / "v1_v2.json").read_bytes(), type=Report)
    assert made.assignment.state == "fine"
    assert made.effects[1].found
    assert "<svg" in (folder / "v1_v2.html").read_text()


def test_costs_are_those_of_the_preflight(s3: Any) -> None:
    costs = Costs(wrong=7.0)
    put(s3, preflight_key("tickets", "v2"), Preflight("tickets", "v2", "b", "v1", "", "", [], costs=costs))
    objects = ab.S3Objects(s3, BUCKET)
    assert ab._costs(objects, "tickets", ("v2", "v1")) == costs
    assert ab._costs(objects, "tickets", ("v3",)) is None


def test_without_a_rollout_both_must_be_named(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(Misused, match="no live model"):
        run(tmp_path)
    put(s3, "tickets/rollout.json", Rollout("tickets", BundleRef("v1", "a")))
    with pytest.raises(Misused, match="name both versions"):
        run(tmp_path)


def test_a_challenger_that_waits_is_b(s3: Any) -> None:
    put(s3, "tickets/rollout.json", Rollout("tickets", BundleRef("v1", "a"), BundleRef("v2", "b")))
    assert ab.versions(ab.S3Objects(s3, BUCKET), [], wanted()) == ("v1", "v2")


def test_an_unknown_version_is_told_which_there_are(s3: Any, tmp_path: Path) -> None:
    observe(s3, 100)
    with pytest.raises(NothingToCompare, match=r"no decision of version v7 .*v1 \("):
        run(tmp_path, "--a", "v1", "--b", "v7")


def test_no_observations_are_told(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(NothingToCompare, match="nothing was observed of tickets"):
        run(tmp_path, "--a", "v1", "--b", "v2")


def test_a_share_can_be_said(s3: Any, tmp_path: Path) -> None:
    observe(s3)
    said, _ = run(tmp_path, "--a", "v1", "--b", "v2", "--share", "0.2")
    assert "no other figure can be trusted" in said
    with pytest.raises(Misused, match="SHARE="):
        run(tmp_path, "--share", "1.5")
