"""The lexicon of groups: what a person would say a sentence is about, and nothing more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.content.identity import DIALECTS, GROUPS, groups_of, is_dialect
from model_build.content.synthesis.library import LANGUAGES, load
from model_build.fairness.lexicon import lexicons


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("My doctor is Muslim and very patient.", {"religion:muslim"}),
        ("black coffee on a white table, straight ahead", set()),
        ("Black people and white people", {"race:black", "race:white"}),
        ("the old harbour and the young trees", set()),
        ("old people", {"age:old"}),
        ("las personas negras y los inmigrantes", {"race:black", "origin:immigrant"}),
        ("les personnes handicapées", {"disability:disabled"}),
        ("las personas con discapacidad", {"disability:disabled"}),
        ("GAY and proud", {"orientation:gay"}),
        ("finna go, he be late", {"dialect:aae"}),
        ("dat dis", {"dialect:aae"}),
        ("dat one", set()),
        ("jsuis en retard", {"dialect:informal-fr"}),
        ("xq no vienes", {"dialect:informal-es"}),
        ("", set()),
    ],
)
def test_groups(text: str, groups: set[str]) -> None:
    assert groups_of(text) == groups


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_group_of_the_fairness_sentences_is_seen(language: str) -> None:
    for group, said in lexicons()[language].groups.items():
        assert group in groups_of(f"x {said.people} x"), said.people
        assert group in groups_of(f"x {said.person} x"), said.person


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_group_of_the_synthetic_posts_is_seen(language: str) -> None:
    for (people,) in load()[language].slots["identity"]:
        assert any(not is_dialect(group) for group in groups_of(str(people))), people


@given(st.text(max_size=200))
def test_it_gives_only_groups_that_are_listed(text: str) -> None:
    assert groups_of(text) <= {*GROUPS, *DIALECTS}
