"""Synthetic posts: what they promise of labels, groups, disguises and repetition."""

from __future__ import annotations

import csv
import random
from collections import Counter
from pathlib import Path

import pytest

from lambdas.content.policies import POLICIES
from lambdas.content.text.lexicon import KNOWN, plain
from lambdas.content.text.normalise import normalise
from lambdas.core.ngrams import words_of
from model_build.content.synthesis.compose import compose
from model_build.content.synthesis.disguise import HIDING, Trick
from model_build.content.synthesis.groups import GROUPS, SHOWN
from model_build.content.synthesis.library import LANGUAGES, load
from model_build.content.synthetic import COLUMNS, PostParameters, generate, write_csv
from model_build.errors import ParametersError

HONEST = PostParameters(rows=3_000, seed=1, missed=0.0, raised=0.0)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return list(generate(HONEST))


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - chooses words


def broken(row: dict[str, str]) -> set[str]:
    return {policy for policy in POLICIES if row[policy] == "1"}


def test_the_same_parameters_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        write_csv(tmp_path / name, PostParameters(rows=200, seed=3))
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    with (tmp_path / "one.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert tuple(read[0]) == COLUMNS
    assert len(read) == 200


def test_more_rows_begin_with_the_same_ones(rows: list[dict[str, str]]) -> None:
    fewer = list(generate(PostParameters(rows=50, seed=1, missed=0.0, raised=0.0)))
    assert fewer == rows[:50]


def test_a_row_breaks_at_least_what_its_group_breaks(rows: list[dict[str, str]]) -> None:
    for row in rows:
        group = row["template_group"].split(".")[1]
        if group in GROUPS:
            assert set(GROUPS[group].policies) <= broken(row)
            if not GROUPS[group].policies:
                assert not broken(row)
        else:
            risky = float(row[f"{group}_risk"])
            assert broken(row) in (set(), set(SHOWN[group])), risky


def test_wrong_labels_are_as_many_as_stated() -> None:
    noisy = list(generate(PostParameters(rows=3_000, seed=1, missed=0.1, raised=0.02)))
    honest = list(generate(HONEST))
    pairs = [(a[p], b[p]) for a, b in zip(honest, noisy, strict=True) for p in POLICIES]
    counts = Counter(pairs)
    assert counts["1", "0"] / (counts["1", "0"] + counts["1", "1"]) == pytest.approx(0.1, abs=0.02)
    assert counts["0", "1"] / (counts["0", "1"] + counts["0", "0"]) == pytest.approx(0.02, abs=0.005)


def test_people_are_named_equally_often_by_the_kind_and_the_unkind(rows: list[dict[str, str]]) -> None:
    """Each group of people is drawn alike in `identity` and `hostility`: none of them is a sign of harm."""
    for language in LANGUAGES:
        slots = load()[language].slots
        assert len(slots["identity"]) == len(slots["identity_i"]) == len(set(slots["identity"]))
    many = generate(PostParameters(rows=20_000, seed=2, languages={"en": 1.0}, missed=0.0, raised=0.0))
    kind, unkind = Counter[str](), Counter[str]()
    for row in many:
        counts = {"identity": kind, "hostility": unkind}.get(row["template_group"].split(".")[1])
        for name in (
            ("muslims", "christians", "women", "trans people", "atheists") if counts is not None else ()
        ):
            counts[name] += name in row["text"].lower()
    for counts in (kind, unkind):
        assert max(counts.values()) < 2 * min(counts.values())


def test_all_languages_and_channels_are_there(rows: list[dict[str, str]]) -> None:
    assert {row["language"] for row in rows} == set(LANGUAGES)
    for column in ("text", "image_text", "audio_text", "image_risk", "audio_risk"):
        assert any(row[column] for row in rows)
    assert all(any(row[c] for c in COLUMNS[:5]) for row in rows)
    assert len({row["text"] for row in rows if row["text"]}) > 0.85 * sum(bool(row["text"]) for row in rows)


@pytest.mark.parametrize("trick", list(dict.fromkeys(HIDING)), ids=lambda trick: trick.__name__)
def test_a_disguise_is_what_normalisation_undoes(trick: Trick) -> None:
    """Of the stars only those that replace no letter can be undone."""
    words = [trick("stupid", seeded(seed)) for seed in range(40)]
    assert sum(word == "stupid" for word in words) <= 2
    read = [words_of(normalise(f"you are {word} ok").text) for word in words]
    undone = sum(any(plain(word) in KNOWN for word in found) for found in read)
    assert undone >= (12 if trick.__name__ == "_starred" else 36)


def test_english_says_an_before_a_vowel() -> None:
    texts = " ".join(compose(load()["en"], "en", "insults", seeded(k)).text for k in range(400))
    assert " an idiot" in texts
    assert " a idiot" not in texts
    assert " an moron" not in texts


@pytest.mark.parametrize(
    "wrong",
    [{"rows": -1}, {"missed": 2.0}, {"languages": {"de": 1.0}}, {"channels": {"smell": 1.0}}],
)
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ParametersError):
        PostParameters(**wrong)
