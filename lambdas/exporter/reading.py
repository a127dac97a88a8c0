"""Reads a service's observations of one day. An object never changes, so each is read once.

A cold function reads the whole day: on AWS, where the observer writes every 300 seconds, some 290 objects a
service and shard. They are read side by side, and for a bounded time: what is left is read at the next
scrape. Half a day's totals are never told, because Prometheus would take them for counters that began anew.
(An object that the observer writes twice, because it did not hear that the first time worked, is not read
again: had it grown, the rest is counted by the next cold function.)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, Protocol

from lambdas.core.aws import Object
from lambdas.core.errors import NotFound, TriageError
from lambdas.exporter.totals import Totals, Unreadable
from lambdas.observations.record import PREFIX, folder

AT_ONCE: Final = 32
"""Objects that are asked for before the clock is looked at again."""
SIDE_BY_SIDE: Final = 8
OPEN_HOURS: Final = timedelta(hours=2)
"""Objects come into the present hour and, late, into the one before."""
WHOLE_DAY_AGAIN: Final = 1800.0
"""Seconds after which the whole day is listed again: a stream that stood still fills earlier hours too."""


class CatchingUp(TriageError):
    """The day has not been read to its end yet."""

    status = 503
    title = "Still reading"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}


class Objects(Protocol):
    """The bucket; `lambdas.core.aws.Bucket`."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object, None when its ETag is still that one. Raises NotFound, DependencyDown."""
        ...

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys that begin with `prefix` and come after `after`, in order. Raises DependencyDown."""
        ...


class SideBySide:
    """Gets several objects at once. A bucket is one connection, so each thread makes its own."""

    def __init__(self, bucket: Callable[[], Objects]) -> None:
        self._bucket = bucket
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE)
        self._own = threading.local()

    def get(self, keys: Sequence[str]) -> list[bytes]:
        """The contents of `keys`, in their order; nothing for one that is gone. Raises DependencyDown."""
        return list(self._pool.map(self._get, keys))

    def _get(self, key: str) -> bytes:
        if not hasattr(self._own, "bucket"):
            self._own.bucket = self._bucket()
        try:
            found = self._own.bucket.get(key)
        except NotFound:  # deleted since it was listed: it is told as one that cannot be read
            return b""
        return found.body if found else b""


class Day:
    """One service's day so far: `totals` of the objects read, and the keys of those that are `unreadable`."""

    def __init__(
        self,
        bucket: Objects,
        fetch: SideBySide,
        service: str,
        since: datetime,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.service = service
        self.totals = Totals(since)
        self.unreadable: list[str] = []
        self._bucket = bucket
        self._fetch = fetch
        self._clock = clock
        self._read: set[str] = set()
        self._left: list[str] = []
        self._whole_at = -WHOLE_DAY_AGAIN

    def refresh(self, now: datetime, until: float) -> None:
        """Read what is new.

        Raises CatchingUp when the clock says `until` and more is left, and DependencyDown; the next call
        goes on.
        """
        if not self._left:
            self._left = self._new(now)
        while self._left:
            if self._clock() >= until:
                raise CatchingUp(f"{len(self._left)} objects of {self.service} are left; scrape again")
            keys = self._left[:AT_ONCE]
            for key, body in zip(keys, self._fetch.get(keys), strict=True):
                self._add(key, body)
            self._left = self._left[AT_ONCE:]

    def _add(self, key: str, body: bytes) -> None:
        self._read.add(key)
        try:
            self.totals.add(body)
        except Unreadable:
            self.unreadable.append(key)

    def _new(self, now: datetime) -> list[str]:
        """The keys of the day that were not read yet, in order."""
        since, at = self.totals.since, self._clock()
        whole = at - self._whole_at >= WHOLE_DAY_AGAIN
        after = "" if whole else folder(self.service, max(since, now - OPEN_HOURS))
        prefix = f"{PREFIX}/{self.service}/{since:%Y/%m/%d}/"
        found = [key for key in self._bucket.keys(prefix, after) if key not in self._read]
        if whole:
            self._whole_at = at
        return found


def day_of(now: datetime, grace: timedelta) -> datetime:
    """The midnight (UTC) at which the day began that is told at `now`.

    A day goes on for `grace` after its end, so that its last decisions, which come late, are counted in it.
    """
    return (now.astimezone(UTC) - grace).replace(hour=0, minute=0, second=0, microsecond=0)
