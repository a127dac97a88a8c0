"""A sentencepiece vocabulary for everyday text: the library's ids, ready a hundred times sooner.

The library builds its tables anew at every start, which takes longer than all else that a short text needs.
Here the pieces lie as training left them, in groups by how they begin, and a group is looked into when a
word first asks for it. Words are cut by the same search for the best sum of scores (Kudo 2018, "Subword
regularization"); no piece has a space inside, so each word is cut alone. Where
two ways have the same sum, the library's choice hangs on how the sums before were rounded; here it is always
the same one. Only texts of characters that the library's own normalisation leaves alone can be read this way.
"""

from __future__ import annotations

import mmap
import re
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


def mapped(path: Path) -> mmap.mmap:
    """The file, not read yet; its bytes are there for as long as this is, whatever becomes of the file.

    Raises OSError, and ValueError for an empty file.
    """
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def head_of(piece: str) -> str:
    """What names the group of `piece`: its first two characters, and one more after a space."""
    return piece[: 3 if piece.startswith(SPACE) else 2]


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """What the file holds: `pieces` in groups, a line each, with their `ids` (int32) and `scores` (float32).

    `heads` are what the pieces of each group begin with, a line each (`head_of`); group k is the bytes from
    `starts[k]` to `starts[k + 1]` of `pieces`, and its first piece has the number `firsts[k]` (int32 too,
    all little-endian). `first` and `last` are the ids around a text. `unknown` stands for characters without
    a piece, at the score `unknown_score`. `reserved` are words that the library looks for before all others.
    `longest` is the length of the longest piece.
    """

    heads: str
    starts: memoryview
    firsts: memoryview
    pieces: memoryview
    ids: memoryview
    scores: memoryview
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
            stored = msgspec.msgpack.decode(mapped(path), type=Stored)
            self._starts, self._firsts = stored.starts.cast("i"), stored.firsts.cast("i")
            self._ids, self._scores = stored.ids.cast("i"), stored.scores.cast("f")
        except (OSError, ValueError, TypeError) as error:  # msgspec's DecodeError is a ValueError
            raise BundleError(f"the pieces '{path.name}' cannot be read, train again: {error}") from error
        heads = stored.heads.split("\n")
        if (
            not len(heads) + 1 == len(self._starts) == len(self._firsts)
            or not self._firsts[-1] == len(self._ids) == len(self._scores)
            or self._starts[-1] != len(stored.pieces)
        ):
            raise BundleError(f"the pieces '{path.name}' do not fit together")
        self._closed = dict(zip(heads, range(len(heads)), strict=True))
        self._places: dict[str, int] = {}
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
        self._open(text)
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

    def _open(self, text: str) -> None:
        """Look into the groups of the pieces that `text` may hold."""
        closed = self._closed
        for start in range(len(text)):
            for stop in range(start + 1, start + 4):
                group = closed.pop(text[start:stop], None)
                if group is not None:
                    said = bytes(self._stored.pieces[self._starts[group] : self._starts[group + 1]])
                    numbers = range(self._firsts[group], self._firsts[group + 1])
                    self._places.update(zip(said.decode().split("\n"), numbers, strict=True))

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
