"""What the feature store promises: versioned bytes by key, and writes that only land on what was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

KEPT_DAYS: Final = 400
"""What was not written for so long goes by itself: no event as old as that is scored either."""


class Versioned(NamedTuple):
    """What stands at a key; version 0 and no bytes when nothing does."""

    version: int
    data: bytes


ABSENT: Final = Versioned(0, b"")


class Change(NamedTuple):
    """Bytes to write at `key` if its version is still `version`, which is 0 when nothing stood there."""

    key: str
    version: int
    data: bytes


class FeatureStore(Protocol):
    """Implemented by `redis.py` and `dynamo.py`."""

    def read(self, keys: Sequence[str]) -> list[Versioned]:
        """What stands at each of `keys`, in one round trip. Raises DependencyDown."""
        ...

    def write(self, changes: Sequence[Change]) -> list[bool]:
        """Write each change, in one round trip; False for one whose version has changed: a lost race.

        The keys must differ from each other. The new version is one more than the old. Raises DependencyDown:
        then each of the changes may have been written or not.
        """
        ...
