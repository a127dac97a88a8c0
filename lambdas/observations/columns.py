"""From lines to columns: observations come an object at a time, in the order in which they were written."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.observations.record import Header, Observation, row_id
from lambdas.observations.window import Column, Window

AT_ONCE: Final = 4_000_000
"""Bytes of lines that are decoded at once: as objects they take some ten times as much memory."""

_WORDS: Final = (
    "assigned", "variant", "version", "source", "outcome", "other_version", "other_outcome", "label",
)  # fmt: skip
_DTYPES: Final[dict[str, npt.DTypeLike]] = {
    "id": np.uint64, "at": np.float64, "review": np.bool_, "confidence": np.float64, "ms": np.float64,
    "entity": np.uint64, "severity": np.int8, "other_review": np.bool_, "other_confidence": np.float64,
    "other_ms": np.float64, "labelled_at": np.float64, "pending": np.bool_,
}  # fmt: skip
_NAN: Final = float("nan")


def lines_of(body: bytes) -> Iterator[Header | list[Observation]]:
    """The header of an object, then its observations, some at a time. Raises msgspec.DecodeError, OSError."""
    lines = gzip.decompress(body)
    start = lines.index(b"\n") + 1
    yield msgspec.json.decode(lines[: start - 1], type=Header)
    decoder = msgspec.json.Decoder(Observation)
    while start < len(lines):
        end = len(lines) if len(lines) - start <= AT_ONCE else lines.rindex(b"\n", start, start + AT_ONCE) + 1
        yield decoder.decode_lines(lines[start:end])
        start = end


class Codes:
    """A growing column of words."""

    def __init__(self) -> None:
        self._places: dict[str | None, int] = {None: -1}
        self._parts: list[npt.NDArray[np.int32]] = []

    def add(self, words: Sequence[str | None]) -> None:
        """A row a word."""
        for word in dict.fromkeys(words):
            self._places.setdefault(word, len(self._places) - 1)
        self._parts.append(np.array([*map(self._places.__getitem__, words)], np.int32))

    def column(self) -> Column:
        """What was added."""
        words = tuple(word for word in self._places if word is not None)
        return Column(words, _joined(self._parts, np.int32))


def column_of(words: Iterable[str | None]) -> Column:
    """A column of these words."""
    codes = Codes()
    codes.add(list(words))
    return codes.column()


class Columns:
    """The observations that were decided in [since, until), in seconds since the epoch."""

    def __init__(self, service: str, since: float, until: float) -> None:
        self._service = service
        self._since = since
        self._until = until
        self._n = 0
        self._names: tuple[str, ...] = ()
        self._order: list[int] = []
        self._features = np.empty((0, 0), np.float32)
        self._parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in _DTYPES}
        self._words = {name: Codes() for name in _WORDS}
        self._segments: dict[str, Codes] = {}

    def add(self, body: bytes) -> None:
        """One more object. Raises msgspec.DecodeError, OSError when it is none."""
        for part in lines_of(body):
            if isinstance(part, Header):
                self._head(part)
            else:
                self._add(part)

    def window(self) -> Window:
        """All in order of time: of an id the last line, unless it is pending. It can be asked for once."""
        parts = {name: _joined(self._parts.pop(name), dtype) for name, dtype in _DTYPES.items()}
        rows = _kept(parts["id"], parts["at"], parts.pop("pending"))
        columns: dict[str, Any] = {name: part[rows] for name, part in parts.items()}
        columns |= {name: _rows_of(codes.column(), rows) for name, codes in self._words.items()}
        return Window(
            service=self._service,
            names=self._names,
            features=self._taken(rows),
            segments={name: _rows_of(codes.column(), rows) for name, codes in self._segments.items()},
            **columns,
        )

    def _head(self, header: Header) -> None:
        """What the features that follow are called: a new release may have others, or in another order."""
        new = [name for name in header.features if name not in self._names]
        if new:
            self._names += tuple(new)
            wider = np.full((len(self._features), len(self._names)), np.nan, np.float32)
            wider[:, : self._features.shape[1]] = self._features
            self._features = wider
        self._order = [self._names.index(name) for name in header.features]

    def _add(self, lines: list[Observation]) -> None:
        read = [(seconds(line.at), line) for line in lines]
        timed = [(at, line) for at, line in read if self._since <= at < self._until]
        if not timed:
            return
        kept = [line for _, line in timed]
        self._add_features([line.features for line in kept])
        others = [line.other for line in kept]
        values: dict[str, list[Any]] = {
            "id": [row_id(line.id) for line in kept],
            "at": [at for at, _ in timed],
            "review": [line.review for line in kept],
            "confidence": [line.confidence for line in kept],
            "ms": [_NAN if line.ms is None else line.ms for line in kept],
            "entity": [int(line.entity, 16) if line.entity else 0 for line in kept],
            "severity": [line.severity for line in kept],
            "other_review": [other is not None and other.review for other in others],
            "other_confidence": [other.confidence if other else _NAN for other in others],
            "other_ms": [other.ms if other and other.ms is not None else _NAN for other in others],
            "labelled_at": [seconds(line.labelled_at) if line.labelled_at else _NAN for line in kept],
            "pending": [line.pending for line in kept],
        }
        for name, column in values.items():
            self._parts[name].append(np.array(column, _DTYPES[name]))
        for name in ("assigned", "variant", "version", "source", "outcome", "label"):
            self._words[name].add([*map(attrgetter(name), kept)])
        self._words["other_version"].add([other.version if other else None for other in others])
        self._words["other_outcome"].add([other.outcome if other else None for other in others])
        self._add_segments([line.segments for line in kept])
        self._n += len(kept)

    def _add_segments(self, segments: list[dict[str, str]]) -> None:
        for name in {name for each in segments for name in each} - self._segments.keys():
            self._segments[name] = Codes()
            self._segments[name].add([None] * self._n)
        for name, codes in self._segments.items():
            codes.add([each.get(name) for each in segments])

    def _add_features(self, rows: list[list[float | None]]) -> None:
        """Into one array that grows in its place, because a million decisions of 50 features are 200 MB."""
        end, width = self._n + len(rows), len(self._names)
        if end > len(self._features):
            self._features.resize((max(end, len(self._features) * 5 // 4), width), refcheck=False)
        self._features[self._n : end] = np.nan
        if self._order:
            unknown = [None] * len(self._order)
            self._features[self._n : end, self._order] = np.array(
                [row or unknown for row in rows], np.float32
            )

    def _taken(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        """The features of `rows`, moved a column at a time."""
        features, self._features = self._features, np.empty((0, 0), np.float32)
        if not np.array_equal(rows, np.arange(len(rows))):
            for name in range(len(self._names)):
                features[: len(rows), name] = features[rows, name]
        features.resize((len(rows), len(self._names)), refcheck=False)
        return features


def seconds(at: str) -> float:
    """A time in ISO 8601 as seconds since the epoch; UTC unless it says otherwise."""
    moment = datetime.fromisoformat(at)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _kept(
    ids: npt.NDArray[np.uint64], at: npt.NDArray[np.float64], pending: npt.NDArray[np.bool_]
) -> npt.NDArray[np.intp]:
    """The rows that stay, in order of time: the last of each id, unless more of it is still to come."""
    _, backwards = np.unique(ids[::-1], return_index=True)
    last = np.sort(len(ids) - 1 - backwards)
    last = last[~pending[last]]
    return last[np.argsort(at[last], kind="stable")]


def _rows_of(column: Column, rows: npt.NDArray[np.intp]) -> Column:
    return Column(column.words, column.codes[rows])


def _joined(parts: list[npt.NDArray[Any]], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype)
