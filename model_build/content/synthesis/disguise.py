"""What people do to words so that filters do not know them: the tricks that normalisation undoes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Final

from lambdas.content.text.lexicon import KNOWN, plain

_WORD = re.compile(r"[^\W\d_]{4,}")
_LEET: Final = str.maketrans("aeiost", "4310$7")
_CYRILLIC: Final = str.maketrans("aeopcxyikmt", "аеорсхуікмт")
_VOWELS: Final = frozenset("aeiou")

Trick = Callable[[str, random.Random], str]


def _leet(word: str, rng: random.Random) -> str:
    inner = word[1:-1].translate(_LEET)
    return word[0] + inner + word[-1]


def _twins(word: str, rng: random.Random) -> str:
    return "".join(letter.translate(_CYRILLIC) if rng.random() < 0.6 else letter for letter in word)


def _unseen(word: str, rng: random.Random) -> str:
    return rng.choice("\u200b\u200c\u2060\u00ad").join(word)


def _spaced(word: str, rng: random.Random) -> str:
    return rng.choice([" ", ".", "-", "*", "_"]).join(word)


def _stretched(word: str, rng: random.Random) -> str:
    places = [k for k, letter in enumerate(word) if letter.lower() in _VOWELS] or [len(word) - 1]
    place = rng.choice(places)
    return word[:place] + word[place] * rng.randrange(3, 7) + word[place + 1 :]


def _styled(word: str, rng: random.Random) -> str:
    first = rng.choice([0x1D41A, 0x1D44E, 0x1D4EA, 0x1D552, 0xFF41, 0x24D0])
    # Italics have no h of their own: the letter stands elsewhere in Unicode.
    return "".join(
        chr(first + ord(letter) - 97) if "a" <= letter <= "z" and letter != "h" else letter
        for letter in word.lower()
    )


def _starred(word: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(word) - 1)
    return word[:place] + "*" + word[place + rng.randrange(2) :]


def _pictured(word: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(word) - 1)
    return word[:place] + rng.choice("🔥💀😂🙂") + word[place:]


def _struck(word: str, rng: random.Random) -> str:
    return "".join(letter + rng.choice("\u0335\u0336\u0337") for letter in word)


def _mixed(word: str, rng: random.Random) -> str:
    return "".join(letter.upper() if k % 2 else letter.lower() for k, letter in enumerate(word))


HIDING: Final[tuple[Trick, ...]] = (
    _leet, _leet, _twins, _unseen, _spaced, _spaced, _stretched, _styled, _starred, _pictured, _struck,
    _mixed,
)  # fmt: skip
PLAYING: Final[tuple[Trick, ...]] = (_stretched, _stretched, _styled, _spaced, _mixed)
"""What people also do for fun, so that a trick alone says nothing."""


def disguised(text: str, tricks: tuple[Trick, ...], rng: random.Random) -> str:
    """`text` with one to three of its telling words under one of `tricks`; the longest where none tells."""
    found = list(_WORD.finditer(text))
    if not found:
        return text
    telling = [word for word in found if plain(word[0]) in KNOWN]
    chosen = telling or sorted(found, key=lambda word: -len(word[0]))[:1]
    trick = rng.choice(tricks)
    for word in sorted(rng.sample(chosen, min(len(chosen), 3)), key=lambda word: -word.start()):
        text = text[: word.start()] + trick(word[0], rng) + text[word.end() :]
    return text
