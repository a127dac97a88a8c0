"""What a service decided in a day, counted: the same whatever the order in which the objects came."""

from __future__ import annotations

import gzip
import zlib
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from lambdas.core.errors import TriageError
from lambdas.observations.record import FORMAT, Header, row_id

BOUNDS: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds of the histogram, in seconds: models take from a third of a millisecond to seconds."""
MOST_VERSIONS: Final = 12
MOST_OUTCOMES: Final = 100
OTHER: Final = "other"
"""Stands for every version and every outcome beyond the most that a day may have, so that series stay few."""
NONE: Final = "none"
"""The version of what rules answered."""
UNKNOWN: Final = "unknown"
"""The version of who stood in for a challenger, in a line of an earlier release, which does not say it."""
LATE: Final = timedelta(hours=1)
"""A decision of just before midnight may be written down, or finished, after it."""

_header = msgspec.json.Decoder(Header)


class Unreadable(TriageError):
    """An object that should hold observations does not."""


class Line(msgspec.Struct, frozen=True):
    """What is counted of an Observation; the rest of a line is skipped, not decoded."""

    id: str
    at: str
    outcome: str
    review: bool
    assigned: str = "champion"
    variant: str = "champion"
    version: str | None = None
    source: str = "model"
    ms: float | None = None
    label: str | None = None
    labelled_at: str | None = None
    pending: bool = False
    stand_in: str | None = None


_lines = msgspec.json.Decoder(Line)


class Answered(NamedTuple):
    """The labels of `ml_predictions_total`, without the service."""

    variant: str
    version: str
    outcome: str
    source: str


class By(NamedTuple):
    """Which bundle, as which variant."""

    variant: str
    version: str


@dataclass
class Latency:
    """`counts[k]`: how many took at most BOUNDS[k], the last more than all; `seconds` in all."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    nanoseconds: int = 0

    def add(self, ms: float) -> None:
        """One decision. The sum is kept whole, so that it does not depend on the order."""
        self.counts[bisect_left(BOUNDS, ms / 1000.0)] += 1
        self.nanoseconds += round(ms * 1e6)


class Labelled(NamedTuple):
    """What somebody said of a decision: `at` is when."""

    at: str
    version: str
    outcome: str
    label: str


@dataclass
class Totals:
    """The day that begins at `since` (UTC) of one service."""

    since: datetime
    answered: Counter[Answered] = field(default_factory=Counter)
    reviews: Counter[By] = field(default_factory=Counter)
    latency: dict[By, Latency] = field(default_factory=dict)
    labelled: dict[int, Labelled] = field(default_factory=dict)
    newest: str = ""
    _seen: set[int] = field(default_factory=set)
    _versions: set[str] = field(default_factory=set)
    _outcomes: set[str] = field(default_factory=set)

    def add(self, body: bytes) -> None:
        """One more object: all of it or, raising Unreadable, nothing."""
        try:
            first, _, rest = gzip.decompress(body).partition(b"\n")
            if (found := _header.decode(first).format) != FORMAT:
                raise Unreadable(f"observations of format {found}, this code reads {FORMAT}")
            lines = [(_moment(line.at), line) for line in _lines.decode_lines(rest)]
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise Unreadable(f"no observations: {error}") from error
        for at, line in lines:
            if not line.pending:
                self._add(at, line)

    def _add(self, at: datetime, line: Line) -> None:
        key = row_id(line.id)
        if line.label is not None and (line.labelled_at or "") >= f"{self.since:%Y-%m-%d}":
            self._label(key, line, line.label)
        if key in self._seen or not self._is_of_today(at, line):
            return
        self._seen.add(key)
        self.newest = max(self.newest, line.at)
        by = By(line.variant, self._version(line))
        outcome = _bounded(line.outcome, self._outcomes, MOST_OUTCOMES)
        self.answered[Answered(*by, outcome, line.source)] += 1
        self.reviews[by] += line.review
        if line.ms is not None and line.source == "model":
            self.latency.setdefault(by, Latency()).add(line.ms)

    def _is_of_today(self, at: datetime, line: Line) -> bool:
        """Whether it was decided today, or a moment before and only now written down or finished.

        What was decided yesterday and is there once more because somebody labelled it was counted yesterday.
        """
        return at >= self.since or (line.label is None and at >= self.since - LATE)

    def _label(self, key: int, line: Line, label: str) -> None:
        """The newest word on a decision is the one that counts."""
        said = Labelled(line.labelled_at or "", self._version(line), line.outcome, label)
        if key not in self.labelled or self.labelled[key].at <= said.at:
            self.labelled[key] = said

    def _version(self, line: Line) -> str:
        """The version of who answered."""
        if line.variant == NONE or line.version is None:
            return NONE
        answered = line.version if line.variant == line.assigned else line.stand_in
        return UNKNOWN if answered is None else _bounded(answered, self._versions, MOST_VERSIONS)


def _moment(at: str) -> datetime:
    moment = datetime.fromisoformat(at)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bounded(word: str, known: set[str], most: int) -> str:
    if word not in known:
        if len(known) >= most:
            return OTHER
        known.add(word)
    return word
