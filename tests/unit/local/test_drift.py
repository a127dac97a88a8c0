"""`make drift`: what it says, what it writes, and what it says when there is nothing to look at."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lambdas.drift.limits import Limits
from lambdas.drift.look import Span, look
from lambdas.drift.report import Report, State
from local.drift import lines, report_of, span, table, write
from local.errors import Misused
from tests.support.observations import MemoryBucket
from tests.unit.lambdas.drift.test_job import UNTIL, publish, put_day
from tests.unit.lambdas.drift.worlds import World

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def made() -> Report:
    world = World(5, features=6)
    empty = world.window(0, 10).where([])  # type: ignore[arg-type]
    at = Span("2026-11-19T00:00:00+00:00", "2026-11-20T00:00:00+00:00")
    return look(world.window(1, 800), empty, world.bundle(), Limits(), State("v1", "", ""), at)[0]


def test_a_day_by_default_and_any_other_span() -> None:
    assert span(None, None, NOW) == (datetime(2026, 11, 19, 12, tzinfo=UTC), NOW)
    assert span("2026-11-01", "2026-11-08", NOW)[0] == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("yesterday", None, "SINCE is 'yesterday'"),
        ("2026-11-21", None, "must be before"),
        ("2026-01-01", None, "35 days"),
        (None, "soon", "UNTIL is 'soon'"),
    ],
)
def test_a_span_that_cannot_be_says_why(since: str | None, until: str | None, says: str) -> None:
    with pytest.raises(Misused, match=says):
        span(since, until, NOW)


def test_page_json_and_table(tmp_path: Path) -> None:
    report = made()
    path = write(tmp_path, report)
    assert path == tmp_path / "tickets" / "drift" / "2026-11-20.html"
    assert "<svg" in path.read_text() and json.loads(path.with_suffix(".json").read_text())["version"] == "v1"
    console = Console(record=True, width=120)
    for line in lines(report):
        console.print(line)
    console.print(table(report))
    printed = console.export_text()
    assert "800 decisions" in printed and "Nothing has drifted." in printed and "outcome" in printed


def test_nothing_published_and_nothing_decided(tmp_path: Path) -> None:
    bucket: Any = MemoryBucket()
    with pytest.raises(Misused, match="no live bundle"):
        report_of(bucket, "tickets", *span(None, None, NOW))
    publish(bucket, World(5, features=6))
    with pytest.raises(Misused, match="decided nothing from 2026-11-19"):
        report_of(bucket, "tickets", *span(None, None, NOW))
    put_day(bucket, World(5, features=6), 0, 300, version="another")
    with pytest.raises(Misused, match="300 were made by rules or by other bundles"):
        report_of(bucket, "tickets", *span(None, UNTIL.isoformat(), NOW))
