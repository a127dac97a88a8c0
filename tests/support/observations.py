"""Windows of observations made from arrays, and a bucket in memory."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from lambdas.core.aws import Object
from lambdas.core.errors import NotFound
from lambdas.observations.columns import column_of
from lambdas.observations.record import Header, Observation
from lambdas.observations.window import Column, Window

Words = str | None | Sequence[str | None] | Column

NUMBERS: dict[str, tuple[Any, Any]] = {
    "review": (np.bool_, False),
    "confidence": (np.float64, 0.9),
    "ms": (np.float64, np.nan),
    "entity": (np.uint64, 0),
    "severity": (np.int8, 3),
    "other_review": (np.bool_, False),
    "other_confidence": (np.float64, np.nan),
    "other_ms": (np.float64, np.nan),
    "labelled_at": (np.float64, np.nan),
}
WORDS: dict[str, str | None] = {
    "assigned": "champion",
    "variant": "champion",
    "version": "v1",
    "source": "model",
    "outcome": "a",
    "other_version": None,
    "other_outcome": None,
    "label": None,
}


def window(
    n: int,
    *,
    service: str = "tickets",
    names: Sequence[str] = (),
    features: Any = None,
    segments: Mapping[str, Words] | None = None,
    start: float = 1_800_000_000.0,
    **columns: Any,
) -> Window:
    """A Window of `n` decisions, one a second from `start` on unless `at` says otherwise.

    A column is given by its name in Window: a word or number that all rows have, or one a row, words as they
    are (None for none) or as a Column. What is left out is a champion's clear answer 'a' without a label.
    """
    made: dict[str, Any] = {
        "id": np.asarray(columns.pop("id", np.arange(1, n + 1)), np.uint64),
        "at": np.asarray(columns.pop("at", start + np.arange(n)), np.float64),
        "features": np.full((n, len(names)), np.nan, np.float32)
        if features is None
        else np.asarray(features, np.float32).reshape(n, len(names)),
        "segments": {name: _words(n, words) for name, words in (segments or {}).items()},
    }
    for name, (dtype, usual) in NUMBERS.items():
        made[name] = np.array(np.broadcast_to(np.asarray(columns.pop(name, usual), dtype), (n,)))
    for name, word in WORDS.items():
        made[name] = _words(n, columns.pop(name, word))
    assert not columns, f"a Window has no columns {sorted(columns)}"
    return Window(service=service, names=tuple(names), **made)


def _words(n: int, words: Words) -> Column:
    if isinstance(words, Column):
        return words
    return column_of([words] * n if words is None or isinstance(words, str) else words)


def object_of(service: str, features: Sequence[str], lines: Sequence[Observation]) -> bytes:
    """What the observer writes."""
    parts = [Header(service, list(features)), *lines]
    return gzip.compress(b"".join(msgspec.json.encode(part) + b"\n" for part in parts), 1)


class MemoryBucket:
    """Objects by key, in memory."""

    def __init__(self, objects: Mapping[str, bytes] | None = None) -> None:
        self.objects = dict(objects or {})

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        if key not in self.objects:
            raise NotFound(f"{key} does not exist")
        return Object(self.objects[key], "etag")

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        yield from sorted(key for key in self.objects if key.startswith(prefix) and key > after)

    def put(self, key: str, body: bytes, **_: Any) -> str:
        self.objects[key] = body
        return "etag"
