"""Makes the text of a scrape: the day's decisions, what is live, and the last drift report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from lambdas.core.decide import utc_now
from lambdas.core.errors import BundleError, NotFound
from lambdas.core.telemetry import Telemetry
from lambdas.exporter.drift import LATEST, Drift, drift_of
from lambdas.exporter.exposition import render
from lambdas.exporter.families import Families, Seen
from lambdas.exporter.live import Live, LiveBundle, Watched
from lambdas.exporter.reading import Day, Objects, SideBySide, day_of


class Timing(NamedTuple):
    """Seconds: between two looks at what is live and has drifted, for the decisions of one scrape at most,
    and how long a day goes on."""

    refresh: float = 60.0
    read: float = 8.0
    grace: float = 600.0


class _Watch:
    """What a service has besides decisions. It is only as fresh as the last look: none of it is counted."""

    def __init__(self, bucket: Objects, service: str) -> None:
        self.live = Live(bucket, service)
        self.drift = Watched(bucket, f"{service}/{LATEST}")
        self.told: tuple[list[LiveBundle], Drift] = ([], Drift())


class Exporter:
    """`text` is what Prometheus gets. Made once a function."""

    def __init__(
        self,
        services: Sequence[str],
        bucket: Callable[[], Objects],
        telemetry: Telemetry,
        *,
        outcomes: Mapping[str, Mapping[str, str]],
        timing: Timing,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`bucket` makes a connection of its own each time; `outcomes` is label -> outcome by service."""
        self._services = services
        self._bucket = bucket()
        self._fetch = SideBySide(bucket)
        self._telemetry = telemetry
        self._families = Families(outcomes)
        self._timing = timing
        self._now = now
        self._clock = clock
        self._days: dict[str, Day] = {}
        self._watched = {name: _Watch(self._bucket, name) for name in services}
        self._watched_at: float | None = None

    def text(self) -> str:
        """The exposition. Raises CatchingUp while the day is being read, DependencyDown."""
        started, now = self._clock(), self._now()
        since = day_of(now, timedelta(seconds=self._timing.grace))
        for name in self._services:
            self._read(self._day(name, since), started + self._timing.read)
        if self._watched_at is None or started - self._watched_at >= self._timing.refresh:
            for name, watch in self._watched.items():
                watch.told = self._live(name, watch.live), self._drift(name, watch.drift)
            self._watched_at = started
        seen = [
            Seen(name, day.totals, len(day.unreadable), *self._watched[name].told)
            for name, day in self._days.items()
        ]
        return render(self._families.of(seen, since))

    def _read(self, day: Day, until: float) -> None:
        known = set(day.unreadable)
        day.refresh(until)
        for key in sorted(day.unreadable - known):
            self._telemetry.log.error("an object of observations cannot be read", extra={"key": key})

    def _day(self, name: str, since: datetime) -> Day:
        if name not in self._days or self._days[name].totals.since != since:
            self._days[name] = Day(self._bucket, self._fetch, name, since, self._clock)
        return self._days[name]

    def _live(self, name: str, live: Live) -> list[LiveBundle]:
        """What is live; nothing, and a line in the log, when it cannot be trusted: decisions still count."""
        try:
            return live.bundles()
        except (BundleError, NotFound) as error:
            self._telemetry.log.error("what is live cannot be read", extra={"of": name, "detail": str(error)})
            return []

    def _drift(self, name: str, watched: Watched) -> Drift:
        body = watched.body()
        drift = drift_of(body) if body else Drift()
        if drift.wrong:
            self._telemetry.log.error(
                "the drift report cannot be read", extra={"of": name, "detail": drift.wrong}
            )
        return drift
