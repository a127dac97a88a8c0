"""What the loops around a service remember of a decision: one small line, without a word of what was asked.

The observer writes them; judge, A/B report, drift, business value and exporter read them (window.py).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

FORMAT: Final = 1
PREFIX: Final = "observations"
"""Objects are `observations/<service>/<yyyy>/<mm>/<dd>/<hh>/<first sequence number>.jsonl.gz`, by the UTC
hour in which their records came into the decision log's stream. The first line is a Header, each other an
Observation."""


class Features(NamedTuple):
    """What a service says of a logged decision: its numbers, NaN for unknown, in the order of the names that
    its `observed.py` gives, and the segments that reports split by, for example {"language": "es"}."""

    values: list[float]
    segments: dict[str, str]


class Header(msgspec.Struct, frozen=True):
    """The first line of an object: whose decisions follow, and what their `features` are called."""

    service: str
    features: list[str]
    format: int = FORMAT


class Other(msgspec.Struct, frozen=True, array_like=True):
    """What the other variant would have answered to the same item; None in `outcome` when it failed.

    `ms` is its model's time for it.
    """

    version: str
    outcome: str | None
    review: bool
    confidence: float
    ms: float | None = None


class Observation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One decision, as it stood when the stream brought it; a later line of the same id takes its place.

    `assigned` is the variant that the entity falls to and `version` its bundle; `variant` is who answered
    (`none`: the rules), so a challenger that failed is one with `assigned` challenger and another `variant`;
    `stand_in` is then the version of the model that answered in its place.
    `ms` is the model's time for it, `entity` a hash. `label` is what a person said that it was, `labelled_at`
    when.
    """

    id: str
    at: str
    outcome: str
    review: bool
    confidence: float
    assigned: str = "champion"
    variant: str = "champion"
    version: str | None = None
    source: str = "model"
    ms: float | None = None
    entity: str | None = None
    severity: int = 3
    features: list[float | None] = []
    segments: dict[str, str] = {}
    other: Other | None = None
    label: str | None = None
    labelled_at: str | None = None
    pending: bool = False
    stand_in: str | None = None


def folder(service: str, hour: datetime) -> str:
    """The prefix of the objects of an hour; `hour` is any moment of it, with its zone."""
    return f"{PREFIX}/{service}/{hour.astimezone(UTC):%Y/%m/%d/%H}/"


def row_id(decision_id: str) -> int:
    """What stands for a decision in a Window's column `id`: 64 bits, evenly spread."""
    return int.from_bytes(hashlib.blake2b(decision_id.encode(), digest_size=8).digest(), "big")


def entity_hash(service: str, entity: str) -> str:
    """What stands for an entity: the same for the same one, and not to be told from it without guessing."""
    return hashlib.blake2b(f"{service}\x00{entity}".encode(), digest_size=8).hexdigest()
