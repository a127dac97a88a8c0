"""Normalisation: each trick undone, real words of any language left alone, and the author's spelling kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.content.text.normalise import NOTHING, TRICKS, normalise
from lambdas.core.ngrams import words_of

MOST_GROWTH = 20
"""One character may stand for 18 (U+FDFA), with a space on each side."""

TEXT = st.text(st.characters(codec="utf-8"), max_size=120)
TRICKY = st.text(
    st.sampled_from("aeiost IDT015@$!*._-&;#x7 \u200b\u0301\u0336\ufe0fаеоιο🙂🇮🅰𝕚ｉⓘïöñé\n"), max_size=60
)


def seen(text: str) -> dict[str, int]:
    return {name: count for name, count in zip(TRICKS, normalise(text).tricks, strict=True) if count}


@pytest.mark.parametrize(
    ("trick", "text", "plain"),
    [
        ("homoglyphs", "уоu аrе аn idiоt", "you are an idiot"),
        ("homoglyphs", "you ιdιοt", "you idiot"),
        ("homoglyphs", "what an аss", "what an ass"),
        ("styled", "𝕚𝕕𝕚𝕠𝕥", "idiot"),
        ("styled", "𝓲𝓭𝓲𝓸𝓽", "idiot"),
        ("styled", "ｉｄｉｏｔ", "idiot"),
        ("styled", "ⓘⓓⓘⓞⓣ", "idiot"),
        ("styled", "🅸🅳🅸🅾🆃", "IDIOT"),
        ("styled", "ɪᴅɪᴏᴛ", "idiot"),
        ("styled", "🇮 🇩 🇮 🇴 🇹", "IDIOT"),
        ("unseen", "id\u200biot", "idiot"),
        ("unseen", "i\u2060d\u00adi\u200do\ufefft", "idiot"),
        ("unseen", "id\u202eiot", "idiot"),
        ("unseen", "id\U000e0041iot", "idiot"),
        ("marks", "i̷d̶i̴o̵t̸", "idiot"),
        ("marks", "z̸͙̈́a̶̦͑l̷̮͝g̵̰̾o̷̼̓", "zalgo"),
        ("accents", "ïdïöt", "idiot"),
        ("leet", "1d10t", "idiot"),
        ("leet", "5tup1d", "stupid"),
        ("leet", "a$$h0le", "asshole"),
        ("leet", "a55h01e", "asshole"),
        ("leet", "sh!t", "shit"),
        ("leet", "pend3jo", "pendejo"),
        ("leet", "y0u c4n", "you can"),
        ("leet", "d0n't b3li3ve", "don't believe"),
        ("spaced", "i d i o t", "idiot"),
        ("spaced", "y o u  a r e  d u m b!", "you are dumb!"),
        ("spaced", "i.d.i.o.t", "idiot"),
        ("spaced", "i-d-i-o-t", "idiot"),
        ("spaced", "i_d_i_o_t", "idiot"),
        ("spaced", "i / d / i / o / t", "idiot"),
        ("spaced", "i\u2800d\u2800i\u2800o\u2800t", "idiot"),
        ("repeated", "stuuuupid", "stupid"),
        ("repeated", "idioooottttt", "idiot"),
        ("repeated", "coooool", "cool"),
        ("inside", "id🙂iot", "idiot"),
        ("inside", "i🔥d🔥i🔥o🔥t", "idiot"),
        ("inside", "s*tupid", "stupid"),
        ("inside", "stu|pid", "stupid"),
        ("entities", "&#105;diot", "idiot"),
        ("entities", "&#x69;d&#105;ot", "idiot"),
        ("entities", "stup&iacute;do", "stupído"),
        ("case", "sTuPiD", "stupid"),
    ],
)
def test_a_trick_is_undone_and_counted(trick: str, text: str, plain: str) -> None:
    assert normalise(text).text == plain
    assert seen(text).get(trick, 0) >= 1


def test_tricks_upon_tricks() -> None:
    assert normalise("ｉ.ｄ.ｉ.о.ｔ").text == "idiot"
    assert normalise("5 t u p 1 d").text == "stupid"
    assert normalise("s\u0336t\u0336u\u0336u\u0336u\u0336p\u03361\u0336d\u0336").text == "stupid"


@pytest.mark.parametrize(
    "text",
    [
        "You are an idiot, and I don't care.",
        "Привет, как дела? Ты где?",
        "νίκος είναι εδώ",
        "élève français où déjà Noël naïve ambigüedad ñandú décédée cœur",
        "¿Qué tal? ¡Mañana será otro día!",
        "il y a à Paris, y a o no",
        "10 mp3 at 4k, b2b, the 2nd ps5, covid19, $20 at 3pm on 12/05, 1.2.3.4",
        "J. R. R. Tolkien, e.g. at 10 a.m.",
        "write to me@site.com or http://a.b/1d10t",
        "JavaScript on my iPhone, McDonald too",
        "snake_case_name",
        "wow!that is 100% ok",
        "3l of milk, 4m long, 1s later, b1 and a4",
        "שלום مرحبا 你好 สวัสดี नमस्ते",
    ],
)
def test_real_text_is_left_alone(text: str) -> None:
    assert normalise(text).text == text
    assert normalise(text).tricks == NOTHING


def test_a_combining_accent_becomes_part_of_its_letter() -> None:
    assert normalise("cafe\u0301 man\u0303ana").text == "café mañana"


def test_cyrillic_that_looks_latin_is_left_alone_in_cyrillic_text() -> None:
    assert normalise("она сказала: сука, 1 раз").text.startswith("она сказала: сука")
    assert "cyka" in normalise("you are such a сука").text


def test_plain_text_is_the_same_object() -> None:
    text = "nothing to see here\nat all"
    assert normalise(text).text is text


@pytest.mark.parametrize(
    ("text", "word", "shown"),
    [
        ("you 1d10t!", "idiot", "1d10t"),
        ("you i d i o t.", "idiot", "i d i o t"),
        ("YOU Idiot", "you", "YOU"),
        ("(stuuupid)", "stupid", "stuuupid"),
        ("covid19 again", "covid00", "covid19"),
        ("don't", "don", "don"),
        ("id🙂iot and idiot", "idiot", "id🙂iot"),
    ],
)
def test_the_author_s_spelling_is_known(text: str, word: str, shown: str) -> None:
    assert normalise(text).spellings()[word] == shown


@given(st.one_of(TEXT, TRICKY))
def test_every_word_has_a_spelling_from_the_text(text: str) -> None:
    found = normalise(text)
    spelled = found.spellings()
    assert set(words_of(found.text)) == set(spelled)
    assert all(shown in text for shown in spelled.values())


@given(st.one_of(TEXT, TRICKY))
def test_it_never_raises_grows_little_and_changes_nothing_twice(text: str) -> None:
    once = normalise(text).text
    assert len(once) <= MOST_GROWTH * len(text) + 2
    assert normalise(once).text == once


@pytest.mark.parametrize(
    "text",
    [
        "😀" * 25_000,
        "😀\ufe0f😁\u200d🔥💩💩" * 4_000,
        "😀 " * 20_000,
        "a" * 100_000,
        "1a" * 50_000,
        "1" * 100_000,
        "@" * 100_000,
        "a.b." * 25_000,
        "a " * 50_000,
        "a\u0301\u0316" * 30_000,
        "a" + "\u0301\u0316" * 45_000,
        "&" * 100_000,
        "&amp;" * 20_000 + "lt;",
        "&#" + "9" * 100_000 + ";",
        "&#x" + "0" * 100_000 + "69;",
        "\u200b" * 50_000 + "a",
        "аb" * 50_000,
        "!|" * 50_000,
        "ﷺ" * 5_000,
    ],
    ids=range(19),
)
def test_100_kb_of_anything_is_read(text: str) -> None:
    """A pattern that goes back over what it has matched would take minutes here."""
    found = normalise(text)
    assert len(found.text) <= MOST_GROWTH * len(text) + 2
    assert normalise(found.text).text == found.text
