"""Languages are told apart where the data does not say them."""

from __future__ import annotations

from model_build.languages import detect

ENGLISH = "my card was charged twice and nobody answers the phone"
GERMAN = "meine Karte wurde zweimal belastet und niemand geht ans Telefon"
SPANISH = "me han cobrado dos veces y nadie contesta al teléfono"


def test_languages_that_are_there_are_found() -> None:
    assert detect([ENGLISH, GERMAN, SPANISH] * 10) == ["en", "de", "es"] * 10


def test_a_rare_language_is_taken_for_a_misread_text() -> None:
    assert set(detect([ENGLISH] * 40 + [GERMAN])) == {"en"}


def test_nothing_to_tell() -> None:
    assert detect([]) == []
