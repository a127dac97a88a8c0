"""A sentencepiece vocabulary for everyday text: the library's ids, ready ten times sooner.

The library builds its tables anew at every start, which takes longer than all else that a short text needs.
Here the pieces are read as training left them, and words are cut by the same search for the best sum of
scores (Kudo 2018, "Subword regularization"); no piece has a space inside, so each word is cut alone. Where
two ways have the same sum, the library's choice hangs on how the sums before were rounded; here it is always
the same one. Only texts of characters that the library's own normalisation leaves alone can be read this way.
"""

from __future__ import annotations

import re
from array import array
from pathlib import Path
from typing import Final

import msgspec

from lambdas.core.errors import BundleError

SPACE: Final = "\u2581"
EVERYDAY: Final = "!-~¡«»¿À-ÖØ-öø-ÿŒœ–—‘’“”€\u2600-\u27bf\U0001f300-\U0001faff"
"""The characters of everyday text, as a part of a regular expression."""
MOST_WORDS: Final = 20_000
LONGEST_KEPT: Final = 30
"""So many words, up to this length, are remembered with their pieces."""

_OTHER = re.compile(f"[^{EVERYDAY} \t\n\r]")


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """What the file holds: pieces, a line each, with their ids (int32) and scores (float32), little-endian.

    `first` and `last` are the ids around a text. `unknown` stands for characters without a piece, at the
    score `unknown_score`. `reserved` are words that the library looks for before all others. `longest` is
    the length of the longest piece.
    """

    pieces: str
    ids: bytes
    scores: bytes
    first: int
    last: int
    unknown: int
    unknown_score: float
    reserved: list[str]
    longest: int


class Pieces:
    """Cuts everyday text into the ids of pieces. Raises BundleError for a file that cannot be read."""

    def __init__(self, path: Path) -> None:
        try:
            stored = msgspec.msgpack.decode(path.read_bytes(), type=Stored)
        except (OSError, msgspec.DecodeError) as error:
            raise BundleError(f"the pieces '{path.name}' cannot be read: {error}") from error
        self._ids, self._scores = array("i"), array("f")
        self._ids.frombytes(stored.ids)
        self._scores.frombytes(stored.scores)
        pieces = stored.pieces.split("\n")
        if not len(pieces) == len(self._ids) == len(self._scores):
            raise BundleError(f"the pieces '{path.name}' do not fit together")
        self._places = dict(zip(pieces, range(len(pieces)), strict=True))
        self.first, self.last = stored.first, stored.last
        self._stored = stored
        self._words: dict[str, list[int]] = {}

    def takes(self, text: str) -> bool:
        """Whether `text` is everyday text."""
        return _OTHER.search(text) is None and not any(word in text for word in self._stored.reserved)

    def encode(self, text: str) -> list[int]:
        """The ids of the pieces of `text`, which must be everyday text."""
        found: list[int] = []
        known = self._words
        for word in text.split():
            ids = known.get(word)
            found += self._cut(word) if ids is None else ids
        return found

    def _cut(self, word: str) -> list[int]:
        ids = self._best(SPACE + word)
        if len(word) <= LONGEST_KEPT:
            if len(self._words) >= MOST_WORDS:
                self._words.clear()
            self._words[word] = ids
        return ids

    def _best(self, text: str) -> list[int]:
        """The ids of the pieces with the best sum of scores; the first such where two are equal."""
        size, places, scores = len(text), self._places, self._scores
        totals = [0.0] + [float("-inf")] * size
        starts, chosen = [0] * (size + 1), [-1] * (size + 1)
        for start in range(size):
            till_here = totals[start]
            for stop in range(start + 1, min(size, start + self._stored.longest) + 1):
                place = places.get(text[start:stop], -1)
                if place < 0:
                    if stop > start + 1:
                        continue
                    total = till_here + self._stored.unknown_score
                else:
                    total = till_here + scores[place]
                if total > totals[stop]:
                    totals[stop], starts[stop], chosen[stop] = total, start, place
        return self._backwards(starts, chosen)

    def _backwards(self, starts: list[int], chosen: list[int]) -> list[int]:
        """The ids along the best way; several unknown characters in a row are one."""
        found: list[int] = []
        place, unknown = len(chosen) - 1, self._stored.unknown
        while place > 0:
            number = unknown if chosen[place] < 0 else self._ids[chosen[place]]
            if number != unknown or not found or found[-1] != unknown:
                found.append(number)
            place = starts[place]
        return found[::-1]
