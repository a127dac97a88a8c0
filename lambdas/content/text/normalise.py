"""A post's text as the models read it: tricks against filters undone, real words left as they are.

Plain text comes back as it was. Otherwise each piece between spaces is mended alone, so it is known how the
author wrote it, and the time grows with the length of the text. The order matters: what is hidden or encoded
comes to light first, then every letter becomes a plain one, and only then are letters put together to words.
"""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from lambdas.core.ngrams import words_of

TRICKS: Final = (
    "unseen", "entities", "styled", "marks", "homoglyphs", "accents", "inside", "spaced", "leet", "repeated",
    "case",
)  # fmt: skip
"""What is undone, in the order of `Normal.tricks`."""

_LETTERS: Final = "A-Za-zÁÉÍÓÚÜÑÀÂÆÇÈÊËÎÏÔŒÙÛáéíóúñàâæçèêîôœùû"
_ODD = re.compile(rf"[^{_LETTERS}\s.,;:!?'\"()\-/%’…¿¡«»“”–—]")
_TRIPLE = re.compile(r"([^\s])\1\1")
_SWITCH = re.compile("[a-zà-ÿ][A-ZÀ-Þ]")
_BANG = re.compile(r"[^\W\d_]![^\W\d_]")
_SINGLES = re.compile(r"(?<![^\W_])[^\W_][^\w]{1,3}[^\W_][^\w]{1,3}[^\W_](?![^\W_])")
_WORD = re.compile(r"\w+")
EDGES: Final = ".,;:!?\"'()…¿¡«»“”’–—-"


class Piece(NamedTuple):
    """A part of the normal text, and where it stands in the original."""

    text: str
    start: int
    stop: int


class Normal(NamedTuple):
    """The normal text; how often each of TRICKS was seen; and what came from where, None for plain text."""

    text: str
    tricks: tuple[int, ...]
    original: str
    pieces: tuple[Piece, ...] | None

    def spellings(self, known: list[str] | None = None) -> dict[str, str]:
        """How the author first wrote each word of `words_of(text)`, which are `known` where they were asked
        for before."""
        found: dict[str, str] = {}
        if self.pieces is None and known is not None:
            for word, shown in _paired(known, self.original):
                found.setdefault(word, shown)
            return found
        pieces = self.pieces or (Piece(self.text, 0, len(self.original)),)
        for (start, stop), parts in groupby(pieces, key=itemgetter(1, 2)):
            words = words_of(" ".join(part.text for part in parts))
            for word, shown in _paired(words, self.original[start:stop]):
                found.setdefault(word, shown)
        return found


NOTHING: Final = (0,) * len(TRICKS)


def normalise(text: str) -> Normal:
    """`text` in its normal form. Normalising that again changes nothing; it never raises."""
    if not odd(text):
        return Normal(text, NOTHING, text, None)
    from lambdas.content.text.mending import mended  # noqa: PLC0415 - plain text needs none of it

    return mended(text)


def odd(text: str) -> bool:
    """Whether anything in `text` could be a trick: a quick look that plain text passes."""
    return (
        _ODD.search(text) is not None
        or _TRIPLE.search(text) is not None
        or _SWITCH.search(text) is not None
        or _BANG.search(text) is not None
        or _SINGLES.search(text) is not None
    )


def _paired(words: list[str], original: str) -> list[tuple[str, str]]:
    """Each word with its own spelling where there are as many as the original has, else with all of it."""
    written = _WORD.findall(original)
    if len(words) == 1 or len(written) != len(words):
        written = [original.strip(EDGES) or original] * len(words)
    return list(zip(words, written, strict=True))
