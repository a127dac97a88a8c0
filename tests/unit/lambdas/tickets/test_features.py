"""Features: exact, the same in a batch as alone, and sensible to a person."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.tickets.features import (
    BUCKETS,
    FEATURE_NAMES,
    LONGEST_WORD,
    WORD_BUCKETS,
    grams,
    handmade,
    words_of,
)
from lambdas.tickets.schema import TicketRequest

TEXT = st.text(st.characters(codec="utf-8"), max_size=80)


def feature(ticket: TicketRequest, name: str) -> float:
    return float(handmade([ticket])[0, FEATURE_NAMES.index(name)])


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
    assert handmade([]).shape == (0, len(FEATURE_NAMES))


def test_what_the_ticket_does_not_say_is_nan_and_an_unknown_value_is_zero() -> None:
    silent = TicketRequest(body="x")
    assert math.isnan(feature(silent, "channel_email"))
    assert math.isnan(feature(silent, "log_previous_tickets"))
    assert feature(TicketRequest(body="x", channel="Email "), "channel_email") == 1.0
    assert feature(TicketRequest(body="x", channel="fax"), "channel_email") == 0.0


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("Me han cobrado dos veces la factura", "terms_billing"),
        ("J'ai été facturé deux fois, remboursement svp", "terms_billing"),
        ("the app crashes with an error", "terms_error"),
        ("la aplicación falla", "terms_error"),
        ("l'application plante", "terms_error"),
        ("please refund $20", "money_mentions"),
        ("I get ERR-503", "error_codes"),
        ("HELP ME NOW", "shouted_words"),
        ("why?!", "exclamation_marks"),
    ],
)
def test_a_feature_sees_what_a_person_sees(body: str, name: str) -> None:
    assert feature(TicketRequest(body=body), name) > 0
    assert feature(TicketRequest(body="good morning"), name) == 0
