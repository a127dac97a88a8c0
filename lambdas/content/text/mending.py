"""Puts the tricks together that normalisation undoes: piece by piece, and letters that stand apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from lambdas.content.text import tricks
from lambdas.content.text.normalise import EDGES, NOTHING, TRICKS, Normal, Piece, odd

MOST_ROUNDS: Final = 4
"""Undoing one trick may bring another to light, but not for ever."""

_SPACED: Final = tuple(int(trick == "spaced") for trick in TRICKS)
_PIECE = re.compile(r"\S+")
_SAYS = re.compile("[\\w&\u249c-\u24ff\U0001f110-\U0001f1ff]")
_NOT_LATIN = re.compile("[\u0370-\u03ff\u0400-\u052f\u0531-\u0589]")
_LATIN = re.compile("[A-Za-zÀ-ɏ\U0001d400-\U0001d7cb\uff21-\uff5a]")
_ALONE: Final = frozenset("aeioyàáéíóôAEIOYÀÁÉÍÓÔ")
"""Letters that are words: three of them in a row are no trick."""


def mended(text: str) -> Normal:
    """`text` without its tricks."""
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
            mended, counts = _mend(piece, latin=latin) if odd(piece) else (piece, NOTHING)
            known[piece] = mended.split(), counts
        parts, counts = known[piece]
        if counts is not NOTHING:
            seen = _sum(seen, counts)
        pieces += [Piece(part, *found.span()) for part in parts]
    joined, together = _joined(pieces)
    return Normal(_written(joined), _sum(seen, together), text, joined)


def _written(pieces: Sequence[Piece]) -> str:
    """The pieces with a space between them; two between single characters further apart, as in `a b  c d`."""
    written = []
    for before, piece in zip((None, *pieces), pieces, strict=False):
        if before is not None:
            apart = _single(before) and _single(piece) and _gap(before, piece) > 1
            written.append("  " if apart else " ")
        written.append(piece.text)
    return "".join(written)


def _single(piece: Piece) -> bool:
    bare = piece.text.strip(EDGES)
    return len(bare) == 1 and bare != "&"


def _gap(before: Piece, piece: Piece) -> int:
    """How far apart two pieces stand: 1, or 2 for more."""
    return min(2, max(1, piece.start - before.stop))


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
        word = together.strip(EDGES)
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
    while stop < len(pieces) and _single(pieces[stop]):
        here = _gap(pieces[stop - 1], pieces[stop]) if stop > start else 0
        if stop > start + 1 and here != gap:
            break
        gap = here
        stop += 1
        if pieces[stop - 1].text[-1] in EDGES:
            break
    return stop
