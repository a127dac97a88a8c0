"""A look: the observations of a step, and what the judge says of them. Imports what only a look needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from lambdas.core.aws import Listed, Object
from lambdas.observations.read import CLOCKS, Observations
from lambdas.rollout.judge import judge
from lambdas.rollout.record import Look, Record


class Listing(Protocol):
    """The bucket; `lambdas.core.aws.Bucket`."""

    def get(self, key: str) -> Object | None:
        """The object. Raises NotFound, DependencyDown."""
        ...

    def listed(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """The objects whose keys begin with `prefix` and come after `after`, in order.

        Raises DependencyDown.
        """
        ...


class WrittenSince:
    """The objects of `bucket` that were written at `since` or later, by S3's clock.

    What was decided in a step cannot lie in an object from before it, and an hour may hold thousands: a look
    that takes long leaves a worse challenger its share for as long.
    """

    def __init__(self, bucket: Listing, since: datetime) -> None:
        self._bucket = bucket
        self._since = since

    def get(self, key: str) -> Object | None:
        """The object. Raises NotFound, DependencyDown."""
        return self._bucket.get(key)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """Their keys that begin with `prefix` and come after `after`, in order. Raises DependencyDown."""
        for each in self._bucket.listed(prefix, after):
            if datetime.fromisoformat(each.written) >= self._since:
                yield each.key


def look(bucket: Listing, record: Record, since: datetime, until: datetime) -> Look:
    """The judgement on what was decided from `since` to `until`. Raises DependencyDown."""
    written = WrittenSince(bucket, since - CLOCKS)
    window = Observations(written, record.service).between(since, until)
    counted = {name: int(window.assigned.is_(name).sum()) for name in ("champion", "challenger")}
    return Look(until.isoformat(timespec="seconds"), record.step, counted, judge(window, record.judged_by()))
