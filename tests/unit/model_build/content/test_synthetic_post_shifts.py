"""A shift of the posts changes what it says, from when it says, and nothing else."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean

import pytest

from lambdas.content.policies import POLICIES
from model_build.content.synthesis.groups import BREAKING, GROUPS, SHOWN
from model_build.content.synthesis.shift import (
    LANGUAGES_AFTER,
    PRIOR_AFTER,
    RISKY_AFTER,
    TOPICS_AFTER,
    Shift,
    breaking_after,
    topics_after,
)
from model_build.content.synthetic import PostParameters, generate, write_csv
from model_build.errors import ParametersError

pytestmark = pytest.mark.unit

Rows = Sequence[Mapping[str, str]]
AT, ROWS = 500, 4_500
KINDS = ["covariate", "prior", "concept"]


@cache
def rows(kind: str = "", strength: float = 1.0, at: int = AT) -> Rows:
    shift = Shift(kind, at, strength) if kind else None  # type: ignore[arg-type]
    return list(generate(PostParameters(rows=ROWS, seed=5, missed=0.0, raised=0.0, shift=shift)))


def group_of(row: Mapping[str, str]) -> str:
    return row["template_group"].split(".")[1]


def shares(found: Rows, column: str) -> dict[str, float]:
    return {word: count / len(found) for word, count in Counter(row[column] for row in found).items()}


def groups(found: Rows) -> dict[str, float]:
    """The shares of the groups among posts of words."""
    said = Counter(group_of(row) for row in found if group_of(row) in GROUPS)
    return {name: said[name] / said.total() for name in GROUPS}


def breaks(row: Mapping[str, str]) -> bool:
    return any(row[policy] == "1" for policy in POLICIES)


def test_the_default_posts_are_what_they_were_before_there_were_shifts(tmp_path: Path) -> None:
    """Models, their tests and benchmarks stand on these bytes."""
    write_csv(tmp_path / "posts.csv", PostParameters(rows=2_000, seed=7))
    digest = hashlib.sha256((tmp_path / "posts.csv").read_bytes()).hexdigest()
    assert digest == "d5cd1d9d0355902bf01bb378882d1090d5ed5a6c088f253b13c95087c4f5d084"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_changes_before_the_shift_or_without_strength(kind: str) -> None:
    moved = rows(kind)
    assert moved[:AT] == rows()[:AT]
    assert moved[AT:] != rows()[AT:]
    assert rows(kind, 0.0) == rows()


def test_a_covariate_shift_moves_languages_topics_and_play_but_not_what_breaks() -> None:
    steady, moved = rows()[AT:], rows("covariate")[AT:]
    assert shares(moved, "language") == pytest.approx(LANGUAGES_AFTER, abs=0.03)
    assert groups(moved) == pytest.approx(topics_after(), abs=0.03)
    assert groups(moved)["gaming"] > TOPICS_AFTER["gaming"] - 0.03
    assert fmean(map(breaks, moved)) == pytest.approx(fmean(map(breaks, steady)), abs=0.03)
    half = shares(rows("covariate", 0.5)[AT:], "language")["fr"]
    assert shares(steady, "language")["fr"] + 0.08 < half < LANGUAGES_AFTER["fr"] - 0.08


def test_a_prior_shift_breaks_more_by_its_strength_and_keeps_the_languages() -> None:
    found = [fmean(map(breaks, some[AT:])) for some in (rows(), rows("prior", 0.5), rows("prior"))]
    assert found[0] + 0.08 < found[1] and found[1] + 0.08 < found[2]
    moved = rows("prior")[AT:]
    assert groups(moved) == pytest.approx(breaking_after(), abs=0.03)
    shown = [row for row in moved if group_of(row) in SHOWN]
    assert fmean(map(breaks, shown)) == pytest.approx(RISKY_AFTER, abs=0.07)
    assert shares(moved, "language") == pytest.approx(shares(rows()[AT:], "language"), abs=0.03)


@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_a_concept_shift_breaks_one_policy_more_and_leaves_every_text(strength: float) -> None:
    changed = []
    for old, new in zip(rows(), rows("concept", strength), strict=True):
        assert {**old, "toxicity": ""} == {**new, "toxicity": ""}
        if group_of(new) not in ("banter", "quoted"):
            assert old == new
        else:
            changed.append(old != new)
    assert fmean(changed[len(changed) * AT // ROWS :]) == pytest.approx(strength, abs=0.06)


def test_after_a_shift_the_shares_are_shares() -> None:
    for mix in (topics_after(), breaking_after()):
        assert sum(mix.values()) == pytest.approx(1.0) and min(mix.values()) > 0
    assert set(PRIOR_AFTER) == set(BREAKING)
    assert not set(TOPICS_AFTER) & set(BREAKING)


def test_a_shift_needs_a_kind_a_strength_a_row_and_known_groups() -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"kind": "label"}, "covariate, prior or concept"),
        ({"strength": 2.0}, "strength"),
        ({"at": -1}, "number of a row"),
        ({"groups": ("weather",)}, "groups"),
        ({"to": "spam"}, "policy"),
    ]
    for wrong, said in cases:
        with pytest.raises(ParametersError, match=said):
            Shift(**{"kind": "concept", "at": 3, **wrong})  # type: ignore[arg-type]
