"""From texts to hashed n-grams. Training and serving both call this, so they cannot differ.

The text becomes hashed n-grams: single words, word pairs, and characters 3 to 5 long inside a word,
its edges included. Hashing needs no vocabulary, so any language and any size of data set costs the
same memory; all of it is vectorised integer arithmetic, so it is exact and a batch is one call. No
ONNX text operator tokenises accents as Python does, which is why this is here and not in a graph.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lambdas.core.characters import composed

WORD_BUCKETS: Final = 1 << 18
CHARACTER_BUCKETS: Final = 1 << 19
BUCKETS: Final = WORD_BUCKETS + CHARACTER_BUCKETS
"""Buckets below WORD_BUCKETS hold words and word pairs, the rest hold character n-grams."""

CHARACTER_SIZES: Final = (3, 4, 5)
LONGEST_WORD: Final = 40

_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_PAIR = np.uint64(0xC2B2AE3D27D4EB4F)
_SIZE_SALTS = np.arange(CHARACTER_SIZES[-1] + 1, dtype=np.uint64) * _PAIR
_POWERS = np.cumprod(np.full(LONGEST_WORD + 2, _PRIME, dtype=np.uint64))

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


class Grams(NamedTuple):
    """The n-grams of some texts, one entry a distinct n-gram of a text, sorted by text.

    rows, buckets, counts: [entries]; entry k says that text `rows[k]` holds bucket `buckets[k]`
    `counts[k]` times. `words` are the words of all texts; occurrence j of an n-gram starts in word
    `occurrence_words[j]` and belongs to entry `occurrence_entries[j]`: this is what lets an
    explanation speak in words.
    """

    rows: Ints
    buckets: Ints
    counts: npt.NDArray[np.float32]
    words: list[str]
    word_rows: Ints
    occurrence_words: Ints
    occurrence_entries: Ints


def words_of(text: str) -> list[str]:
    """The words of `text`: NFKC, lower case, digits as 0, at most LONGEST_WORD characters each."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(_DIGIT.sub("0", composed(text).lower()))]


def grams(texts: Sequence[str], spoken: Sequence[list[str]] | None = None) -> Grams:
    """The hashed n-grams of `texts`; see Grams. Deterministic on every machine and Python.

    `spoken` are the texts' words where the caller has them already.
    """
    spoken = [words_of(text) for text in texts] if spoken is None else spoken
    words = [word for found in spoken for word in found]
    word_rows = np.repeat(np.arange(len(texts), dtype=np.int64), [len(found) for found in spoken])
    if not words:
        none = np.empty(0, dtype=np.int64)
        return Grams(none, none, none.astype(np.float32), words, word_rows, none, none)
    buckets, owners = _occurrences(words, word_rows)
    keys = word_rows[owners] * BUCKETS + buckets
    # What np.unique does, without its checks: this is half of the time that a short text takes.
    order = keys.argsort(kind="stable")
    ordered = keys[order]
    new = np.empty(len(keys), dtype=bool)
    new[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    places = new.cumsum() - 1
    entries = np.empty_like(order)
    entries[order] = places
    rows, entry_buckets = np.divmod(ordered[new], BUCKETS)
    counts = np.bincount(places).astype(np.float32)
    return Grams(rows, entry_buckets, counts, words, word_rows, owners, entries)


def _occurrences(words: list[str], word_rows: Ints) -> tuple[Ints, Ints]:
    """Bucket, and index of the word it starts in, of every n-gram occurrence."""
    code = np.frombuffer(("  ".join(["", *words, ""])[1:-1]).encode("utf-32-le"), dtype=np.uint32)
    points = code.astype(np.uint64)
    lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words)) + 2
    starts = np.cumsum(lengths) - lengths
    owner = np.repeat(np.arange(len(words), dtype=np.int64), lengths)
    place = np.arange(len(points), dtype=np.int64) - starts[owner]
    left = lengths[owner] - place

    whole: Hashes = np.add.reduceat(points * _POWERS[place], starts)
    pair_owner = np.flatnonzero(word_rows[:-1] == word_rows[1:])
    pairs = whole[pair_owner] * _PAIR + whole[pair_owner + 1]
    owners: list[Ints] = [np.arange(len(words), dtype=np.int64), pair_owner]

    inside: list[Hashes] = []
    rolling = points
    for size in range(2, CHARACTER_SIZES[-1] + 1):
        rolling = rolling[:-1] * _PRIME + points[size - 1 :]
        if size in CHARACTER_SIZES:
            here = np.flatnonzero(left[: len(rolling)] >= size)
            inside.append(rolling[here] + _SIZE_SALTS[size])
            owners.append(owner[here])
    spoken = _bucket(np.concatenate([whole, pairs]), WORD_BUCKETS)
    spelled = _bucket(np.concatenate(inside), CHARACTER_BUCKETS) + WORD_BUCKETS
    return np.concatenate([spoken, spelled]), np.concatenate(owners)


def _bucket(hashes: Hashes, size: int) -> Ints:
    """`hashes` mixed (the finaliser of MurmurHash3) and reduced to [0, size), size a power of two."""
    mixed = hashes ^ (hashes >> np.uint64(33))
    mixed = mixed * _MIX
    mixed = mixed ^ (mixed >> np.uint64(33))
    reduced: Ints = (mixed & np.uint64(size - 1)).astype(np.int64)
    return reduced
