"""N-grams: exact, and the same in a batch as alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.core.ngrams import BUCKETS, LONGEST_WORD, WORD_BUCKETS, grams, words_of

TEXT = st.text(st.characters(codec="utf-8"), max_size=80)


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_a_text_in_a_batch_has_the_grams_it_has_alone(texts: list[str]) -> None:
    batch = grams(texts)
    for row, text in enumerate(texts):
        alone = grams([text])
        mine = batch.rows == row
        assert np.array_equal(batch.buckets[mine], alone.buckets)
        assert np.array_equal(batch.counts[mine], alone.counts)


@given(TEXT)
def test_buckets_are_in_range_and_every_occurrence_is_counted_once(text: str) -> None:
    found = grams([text])
    assert ((found.buckets >= 0) & (found.buckets < BUCKETS)).all()
    assert found.counts.sum() == len(found.occurrence_words) == len(found.occurrence_entries)
    if found.words:
        assert found.occurrence_words.max() < len(found.words)
        again = np.bincount(found.occurrence_entries, minlength=len(found.buckets))
        assert np.array_equal(again, found.counts)


def test_the_number_of_grams_of_one_word_is_known() -> None:
    """`abc` with its edges has 5 characters: 3 trigrams, 2 of four, 1 of five, and the word itself."""
    found = grams(["abc"])
    assert found.counts.sum() == 3 + 2 + 1 + 1
    assert (found.buckets < WORD_BUCKETS).sum() == 1


def test_pairs_never_join_two_texts() -> None:
    assert grams(["a", "b"]).counts.sum() == grams(["a"]).counts.sum() + grams(["b"]).counts.sum()


def test_hashes_are_the_same_on_every_machine() -> None:
    """Change the hash and every published bundle reads nonsense: then FORMAT must change too."""
    found = grams(["Ça plante, ¿no? 42€"])
    assert int(found.buckets.sum()) == 14286107
    assert len(found.buckets) == 31


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Él cobró 2 veces", ["él", "cobró", "0", "veces"]),
        ("l'équipe — ÇA plante", ["l", "équipe", "ça", "plante"]),
        ("cafe\u0301", ["café"]),
        ("ﬁle ＡＢＣ", ["file", "abc"]),
        ("", []),
        ("x" * 100, ["x" * LONGEST_WORD]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_no_text_gives_no_grams() -> None:
    assert len(grams(["", "?!"]).rows) == 0
