"""Counterfactual swaps: nothing flips for a model that does not look at whom a sentence is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lambdas.content.identity import GROUPS, groups_of
from model_build.fairness.decided import Decided, decide
from model_build.fairness.lexicon import lexicons, swaps_of
from model_build.fairness.rows import text_batches
from model_build.fairness.swaps import own_texts, swapped, templates
from tests.unit.model_build.fairness.model import ByWords, Score, biased, fair, manifest


def deciding(score: Score) -> Callable[[Sequence[str]], Decided]:
    service = ByWords(score)
    return lambda texts: decide(service, Path(), manifest(), list(text_batches(service, texts)))  # type: ignore[arg-type]


def test_a_model_that_looks_at_what_is_said_never_flips() -> None:
    found = swapped(templates(), deciding(fair), seed=1)
    assert found.flips.value == 0.0
    assert found.spread.value == 0.0
    assert all(each.shift.value == 0.0 for each in found.groups)


def test_a_model_that_dislikes_one_name_is_caught_with_it() -> None:
    found = swapped(templates(), deciding(biased), seed=1)
    first = found.groups[0]
    assert first.group == "orientation:gay"
    assert first.shift.low > 1.0, "log-odds"
    assert first.flips.value > 0.5
    assert all(each.flips.value == 0.0 for each in found.groups[1:])
    assert 0.0 < found.flips.low <= found.flips.value <= found.flips.high < 0.2
    worst = found.examples[0]
    assert (worst.low_outcome, worst.high_outcome) == ("allow", "review")
    assert "gay" in worst.high.casefold() and "gay" not in worst.low.casefold()


@pytest.mark.parametrize("tag", ["en", "es", "fr"])
def test_every_sentence_names_its_group_and_no_other_language_is_left_out(tag: str) -> None:
    lexicon = lexicons()[tag]
    assert set(lexicon.groups) == set(GROUPS)
    for sentence in (*lexicon.benign, *lexicon.hostile):
        assert any(gap in sentence for gap in ("{people}", "{person}", "{the}"))
        for group in lexicon.groups:
            text = lexicon.filled(sentence, group)
            assert "{" not in text and text[0].isupper() | (text[0] == "¿")
            assert group in groups_of(text), text


def test_there_are_enough_sentences_for_a_verdict_on_each_group() -> None:
    cases = templates()
    assert cases.hostile is not None
    for group in GROUPS:
        mine = [bad for own, bad in zip(cases.groups, cases.hostile.tolist(), strict=True) if own == group]
        assert mine.count(True) >= 50 and mine.count(False) >= 50


def test_own_texts_are_swapped_among_groups_of_one_kind_and_keep_their_capitals() -> None:
    (found,) = swaps_of(["I met a Muslim colleague and two friends"])
    assert found.named == "religion:muslim"
    assert set(found.others) == {f"religion:{name}" for name in ("christian", "jewish", "hindu", "atheist")}
    assert found.others["religion:jewish"] == "I met a Jewish colleague and two friends"
    (shouted,) = swaps_of(["SHE IS DEAF"])
    assert shouted.others == {"disability:disabled": "SHE IS DISABLED"}


@pytest.mark.parametrize("text", ["nothing here", "a Muslim and a Jewish friend", "the gayest day", ""])
def test_texts_without_one_name_alone_are_left_as_they_are(text: str) -> None:
    assert list(swaps_of([text])) == []
    assert own_texts([text]) is None
