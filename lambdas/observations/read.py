"""Reads the observations of a service from the artifacts bucket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Protocol

from lambdas.core.aws import Object
from lambdas.observations.columns import Columns
from lambdas.observations.record import PREFIX, folder
from lambdas.observations.window import Window

CLOCKS: Final = timedelta(minutes=1)
"""By how much the clock of a function may be ahead of that of the decision log's stream."""


class Objects(Protocol):
    """The bucket; `lambdas.core.aws.Bucket`."""

    def get(self, key: str) -> Object | None:
        """The object. Raises NotFound, DependencyDown."""
        ...

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys that begin with `prefix` and come after `after`, in order. Raises DependencyDown."""
        ...


class Observations:
    """What `service` decided, as the observer wrote it down."""

    def __init__(self, bucket: Objects, service: str) -> None:
        self._bucket = bucket
        self._service = service

    def between(self, since: datetime, until: datetime, *, written: datetime | None = None) -> Window:
        """What was decided in [since, until), each decision once, with the labels that are known by now.

        Decisions of which more is still to come are left out. All times have their zone. With `written` only
        what was written from then on is read: a night's decisions, and those of before that a label came to
        that night, in one pass. Raises DependencyDown, NotFound for an object that expires meanwhile.
        """
        columns = Columns(self._service, since.timestamp(), until.timestamp())
        # Labels come late: everything from the first hour on may say more of what was decided in it.
        first = folder(self._service, (written or since) - CLOCKS)
        for key in self._bucket.keys(f"{PREFIX}/{self._service}/", first):
            found = self._bucket.get(key)
            if found is not None:
                columns.add(found.body)
        return columns.window()
