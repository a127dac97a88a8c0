"""Reads a service's observations of one day, each object once.

Prometheus takes a counter that falls for one that began anew, and counts the day a second time. Which of
several functions answers a scrape is not ours to say, so none may tell less than another one did before:
each scrape lists the whole day, and S3 lists what was written before it was asked. (A cache of a minute in
each function is what must not be: the one that looked later tells more, then the other one less.) An object
that the observer wrote again, because it did not hear that the first time worked, has another ETag and is
read again: what it has grown by is counted, nothing twice. One that was cut in two, because the function
ran out of time on it, tells less to a function that starts before its second half is there: moments later.

A cold function reads the whole day: on AWS, where the observer writes every 300 seconds, some 290 objects a
service and shard. They are read side by side, and for a bounded time: what is left is read at the next
scrape, and half a day's totals are never told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, Protocol

from lambdas.core.aws import Listed, Object
from lambdas.core.errors import NotFound, TriageError
from lambdas.exporter.totals import Totals, Unreadable
from lambdas.observations.record import PREFIX

AT_ONCE: Final = 32
"""Objects that are asked for before the clock is looked at again."""
SIDE_BY_SIDE: Final = 8


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

    def listed(self, prefix: str) -> Iterator[Listed]:
        """The objects whose keys begin with `prefix`, in order. Raises DependencyDown."""
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
        self.unreadable: set[str] = set()
        self._bucket = bucket
        self._fetch = fetch
        self._clock = clock
        self._read: dict[str, str] = {}

    def refresh(self, until: float) -> None:
        """Read what is new since the last time.

        Raises CatchingUp when the clock says `until` and more is left, and DependencyDown; the next call
        goes on. It lists again, so that what is told in the end is never older than what another one told.
        """
        prefix = f"{PREFIX}/{self.service}/{self.totals.since:%Y/%m/%d}/"
        left = [each for each in self._bucket.listed(prefix) if self._read.get(each.key) != each.etag]
        for start in range(0, len(left), AT_ONCE):
            if self._clock() >= until:
                raise CatchingUp(f"{len(left) - start} objects of {self.service} are left; scrape again")
            some = left[start : start + AT_ONCE]
            for listed, body in zip(some, self._fetch.get([each.key for each in some]), strict=True):
                self._add(listed, body)

    def _add(self, listed: Listed, body: bytes) -> None:
        self._read[listed.key] = listed.etag
        self.unreadable.discard(listed.key)
        try:
            self.totals.add(body)
        except Unreadable:
            self.unreadable.add(listed.key)


def day_of(now: datetime, grace: timedelta) -> datetime:
    """The midnight (UTC) at which the day began that is told at `now`.

    A day goes on for `grace` after its end, so that its last decisions, which come late, are counted in it.
    """
    return (now.astimezone(UTC) - grace).replace(hour=0, minute=0, second=0, microsecond=0)
