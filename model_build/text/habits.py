"""How people type: slips of the finger, lost accents, no capitals, abbreviations, shouting."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_WORD = re.compile(r"(?<![\w@.#-])[^\W\d_]{4,}(?![\w@]|-\d)")
_ANY_WORD = re.compile(r"(?<![\w@.#-])[^\W\d_]+(?![\w@]|-\d)")
_DROPPED_ACCENTS: Final = dict.fromkeys((0x300, 0x301, 0x302, 0x308))
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS: Final = {
    letter: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in _ROWS
    for place, letter in enumerate(row)
}


def with_typos(text: str, rate: float, rng: random.Random) -> str:
    """`text` with a slip in about `rate` of its longer words; codes and addresses are kept."""
    if rate <= 0.0:
        return text
    return _WORD.sub(lambda found: _slip(found[0], rng) if rng.random() < rate else found[0], text)


def _slip(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    kind = rng.random()
    if kind < 0.35:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.65:
        return word[:at] + word[at + 1 :]
    if kind < 0.8:
        return word[:at] + word[at] + word[at:]
    beside = _NEIGHBOURS.get(word[at].lower(), word[at])
    return word[:at] + rng.choice(beside) + word[at + 1 :]


def without_accents(text: str) -> str:
    """`text` typed without accents; the tilde of ñ and the cedilla stay, their keys are on the keyboard."""
    decomposed = unicodedata.normalize("NFD", text).translate(_DROPPED_ACCENTS)
    return unicodedata.normalize("NFC", decomposed)


def without_openers(text: str) -> str:
    """`text` without the opening marks that Spanish wants and a phone's keyboard hides."""
    return text.replace("¿", "").replace("¡", "")


def abbreviated(text: str, words: Mapping[str, str], rng: random.Random) -> str:
    """`text` with about two in three of the words that have a short form in `words` shortened."""

    def short(found: re.Match[str]) -> str:
        shorter = words.get(found[0].lower())
        return shorter if shorter is not None and rng.random() < 0.66 else found[0]

    return _ANY_WORD.sub(short, text)


@dataclass(frozen=True)
class Habits:
    """How somebody types: `casual` 0 to about 1, `slips` a word, and how likely they shout in capitals."""

    casual: float
    slips: float
    shouts: float


def typed(
    subject: str, body: str, habits: Habits, short_forms: Mapping[str, str], rng: random.Random
) -> tuple[str, str]:
    """`subject` and `body` as somebody with these habits types them."""
    # All drawn at once: the draws do not depend on each other's outcome.
    short, bare, lower, shouts = (rng.random() for _ in range(4))
    if habits.casual > 0.5 and short < 0.6:
        body = abbreviated(body, short_forms, rng)
    texts = [with_typos(text, habits.slips, rng) for text in (subject, body)]
    if bare < habits.casual:
        texts = [without_openers(without_accents(text)) for text in texts]
    if lower < habits.casual - 0.35:
        texts = [text.lower() for text in texts]
    subject, body = texts
    return subject, body.upper() if shouts < habits.shouts else body
