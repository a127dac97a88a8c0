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

from lambdas.content.text import tricks
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
_PIECE = re.compile(r"\S+")
_SAYS = re.compile("[\\w&\u249c-\u24ff\U0001f110-\U0001f1ff]")
_WORD = re.compile(r"\w+")
_NOT_LATIN = re.compile("[\u0370-\u03ff\u0400-\u052f\u0531-\u0589]")
_LATIN = re.compile("[A-Za-zÀ-ɏ\U0001d400-\U0001d7cb\uff21-\uff5a]")
_EDGES: Final = ".,;:!?\"'()…¿¡«»“”’–—-"
_ALONE: Final = frozenset("aeioyàáéíóôAEIOYÀÁÉÍÓÔ")
"""Letters that are words: three of them in a row are no trick."""


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

    def spellings(self) -> dict[str, str]:
        """How the author first wrote each word that `words_of(text)` gives."""
        found: dict[str, str] = {}
        pieces = self.pieces or (Piece(self.text, 0, len(self.original)),)
        for (start, stop), parts in groupby(pieces, key=itemgetter(1, 2)):
            words = words_of(" ".join(part.text for part in parts))
            for word, shown in _paired(words, self.original[start:stop]):
                found.setdefault(word, shown)
        return found


NOTHING: Final = (0,) * len(TRICKS)
MOST_ROUNDS: Final = 4
_SPACED: Final = tuple(int(trick == "spaced") for trick in TRICKS)


def normalise(text: str) -> Normal:
    """`text` in its normal form. Normalising that again changes nothing; it never raises."""
    if not _odd(text):
        return Normal(text, NOTHING, text, None)
    found = _mended(text, latin=_is_latin(text))
    # Undoing tricks adds Latin letters: then words are Latin that were not before.
    return found if _is_latin(text) or not _is_latin(found.text) else _mended(text, latin=True)


def _mended(text: str, *, latin: bool) -> Normal:
    seen = NOTHING
    known: dict[str, tuple[list[str], tuple[int, ...]]] = {}
    pieces: list[Piece] = []
    for found in _PIECE.finditer(text):
        piece = found[0]
        if piece not in known:
            mended, counts = _mend(piece, latin=latin) if _odd(piece) else (piece, NOTHING)
            known[piece] = mended.split(), counts
        parts, counts = known[piece]
        if counts is not NOTHING:
            seen = _sum(seen, counts)
        pieces += [Piece(part, *found.span()) for part in parts]
    joined, together = _joined(pieces)
    whole = " ".join(piece.text for piece in joined)
    return Normal(whole, _sum(seen, together), text, joined)


def _odd(text: str) -> bool:
    """Whether anything in `text` could be a trick: a quick look that plain text passes."""
    return (
        _ODD.search(text) is not None
        or _TRIPLE.search(text) is not None
        or _SWITCH.search(text) is not None
        or _BANG.search(text) is not None
        or _SINGLES.search(text) is not None
    )


def _is_latin(text: str) -> bool:
    """Whether most letters are Latin ones."""
    others = len(_NOT_LATIN.findall(text))
    return others == 0 or len(_LATIN.findall(text)) >= others


def _mend(piece: str, *, latin: bool) -> tuple[str, tuple[int, ...]]:
    """A piece without its tricks, and how often each was seen; undoing one may bring another to light."""
    text, counts = _once(piece, latin=latin)
    for _ in range(MOST_ROUNDS):
        parts = [_once(part, latin=latin) for part in text.split()]
        again = " ".join(part for part, _ in parts if part)
        if again == text:
            break
        text, counts = again, tuple(map(sum, zip(counts, *(more for _, more in parts), strict=True)))
    return text, counts


def _once(piece: str, *, latin: bool) -> tuple[str, tuple[int, ...]]:
    text, unseen = tricks.unseen(piece)
    text, entities = tricks.entities(text)
    if not _SAYS.search(text):
        return " ".join(tricks.inside(text)[0].split()), (unseen, *NOTHING[1:])
    text, styled = tricks.styled(text)
    text, marks = tricks.marks(text)
    text, homoglyphs = tricks.homoglyphs(text, latin=latin)
    text, accents = tricks.accents(text)
    text, inside = tricks.inside(text)
    text, spaced = tricks.spaced(text)
    text, leet = tricks.leet(text)
    text, repeated = tricks.repeated(text)
    text, case = tricks.case(text)
    counts = (unseen, entities, styled, marks, homoglyphs, accents, inside, spaced, leet, repeated, case)
    return " ".join(text.split()), counts


def _sum(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(first, second, strict=True))


def _joined(pieces: list[Piece]) -> tuple[tuple[Piece, ...], tuple[int, ...]]:
    """The pieces, with single characters that spell a word put together; how often each trick was seen."""
    joined: list[Piece] = []
    counts, place = NOTHING, 0
    while place < len(pieces):
        stop = _run(pieces, place)
        together = "".join(piece.text for piece in pieces[place:stop])
        word = together.strip(_EDGES)
        if not tricks.spells(word) or (len(word) == 3 and _ALONE.issuperset(word)):
            stop = max(stop, place + 1)
            joined += pieces[place:stop]
        else:
            mended, seen = _mend(together, latin=True)
            counts = _sum(counts, _sum(seen, _SPACED))
            joined.append(Piece(mended, pieces[place].start, pieces[stop - 1].stop))
        place = stop
    return tuple(joined), counts


def _run(pieces: list[Piece], start: int) -> int:
    """Where the single characters end that begin at `start`, all of them the same gap apart."""
    stop, gap = start, 0
    while stop < len(pieces) and len(pieces[stop].text.strip(_EDGES)) == 1:
        here = max(1, pieces[stop].start - pieces[stop - 1].stop) if stop > start else 0
        if stop > start + 1 and here != gap:
            break
        gap = here
        stop += 1
        if pieces[stop - 1].text[-1] in _EDGES:
            break
    return stop


def _paired(words: list[str], original: str) -> list[tuple[str, str]]:
    """Each word with its own spelling where there are as many as the original has, else with all of it."""
    written = _WORD.findall(original)
    if len(words) == 1 or len(written) != len(words):
        written = [original.strip(_EDGES) or original] * len(words)
    return list(zip(words, written, strict=True))
