"""A shift changes what it says, from when it says, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from statistics import fmean

import pytest

from model_build.errors import ParametersError
from model_build.tickets.synthesis.shift import CHANNELS_AFTER, Shift
from model_build.tickets.synthetic import TicketParameters, generate

pytestmark = pytest.mark.unit

Rows = list[dict[str, str]]

SMALL = TicketParameters(rows=300, seed=3)
MIDDLE = datetime(2026, 5, 1, tzinfo=UTC)
MOVED_THEMES = ("refunds.", "charges.")


def shares(rows: Sequence[Mapping[str, str]], column: str) -> dict[str, float]:
    counted = Counter(row[column] for row in rows)
    return {value: count / len(rows) for value, count in counted.items()}


@cache
def shifted(kind: str, strength: float = 1.0) -> Rows:
    shift = Shift(kind=kind, at=MIDDLE, strength=strength)  # type: ignore[arg-type]
    return list(generate(TicketParameters(rows=1_500, seed=5, shift=shift)))


@pytest.fixture(scope="module")
def steady() -> Rows:
    return list(generate(TicketParameters(rows=1_500, seed=5)))


def after(rows: Rows) -> Rows:
    return [row for row in rows if row["created_at"] >= "2026-05-01"]


@pytest.mark.parametrize("kind", ["covariate", "prior", "concept"])
def test_nothing_changes_before_the_shift_or_without_strength(steady: Rows, kind: str) -> None:
    moved = shifted(kind)
    before = len(steady) - len(after(steady))
    assert moved[:before] == steady[:before]
    assert moved[before:] != steady[before:]
    shift = Shift(kind=kind, at=MIDDLE, strength=0.0)  # type: ignore[arg-type]
    assert list(generate(replace(SMALL, shift=shift))) == list(generate(SMALL))


def test_a_covariate_shift_brings_words_and_channels_but_keeps_the_departments(steady: Rows) -> None:
    moved = shifted("covariate")
    new = fmean("aurora" in row["body"].lower() for row in after(moved))
    assert new > 0.05
    assert not any("aurora" in row["body"].lower() for row in steady)
    known = [row for row in after(moved) if row["channel"]]
    assert shares(known, "channel") == pytest.approx(CHANNELS_AFTER, abs=0.06)
    assert shares(after(moved), "department") == pytest.approx(shares(after(steady), "department"), abs=0.01)


def test_a_prior_shift_moves_the_departments_by_its_strength(steady: Rows) -> None:
    complaints = [
        shares(after(found), "department")["Complaint"]
        for found in (steady, shifted("prior", 0.5), shifted("prior"))
    ]
    assert complaints[0] + 0.08 < complaints[1]
    assert complaints[1] + 0.08 < complaints[2]


def test_a_concept_shift_refiles_its_themes_and_leaves_every_text(steady: Rows) -> None:
    moved = shifted("concept")
    for old, new in zip(steady, moved, strict=True):
        assert {**old, "department": ""} == {**new, "department": ""}
        if not new["template_group"].startswith(MOVED_THEMES):
            assert old["department"] == new["department"]
    themes = [row for row in after(moved) if row["template_group"].startswith(MOVED_THEMES)]
    assert shares(themes, "department")["Complaint"] > 0.9


def test_a_shift_needs_a_kind_a_strength_and_a_time_zone() -> None:
    with pytest.raises(ParametersError, match="covariate, prior or concept"):
        Shift("label", MIDDLE)  # type: ignore[arg-type]
    with pytest.raises(ParametersError, match="strength"):
        Shift("prior", MIDDLE, strength=2.0)
    with pytest.raises(ParametersError, match="time zone"):
        Shift("prior", datetime(2026, 5, 1))  # noqa: DTZ001
