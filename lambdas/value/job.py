"""Once an hour: what have the decisions of each service been worth today, and this month?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from lambdas.core.decide import utc_now
from lambdas.core.errors import DependencyDown
from lambdas.core.telemetry import Telemetry
from lambdas.value.accounts import Objects, Writes, latest_of, read_books, rests, write_books
from lambdas.value.ledger import Latest

LINE = "value"
"""The message of the log line a service that the dashboard's query looks for."""
SCHEDULE = "aws.events"
"""The source of a scheduled event. Whoever else starts the function wants to know now."""


class Bucket(Objects, Writes, Protocol):
    """The artifacts bucket."""


class Job:
    """A Lambda handler for a schedule."""

    def __init__(
        self,
        objects: Bucket,
        services: Sequence[str],
        telemetry: Callable[[str], Telemetry] = Telemetry,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._objects = objects
        self._services = {name: telemetry(name) for name in services}
        self._now = now

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Bring every service's books up to date. A service that fails does not keep the others from theirs;
        one of which nothing comes is left alone by most runs of the schedule, and its line is the last one.

        Raises DependencyDown at the end: it is tried again by Lambda, and by the next hour's run.
        """
        done: dict[str, Any] = {}
        failed: list[str] = []
        for service, telemetry in self._services.items():
            telemetry.request(context)
            try:
                latest = self._latest(service, scheduled=event.get("source") == SCHEDULE)
            except DependencyDown as error:
                telemetry.log.error("the value of the decisions is not known", extra={"detail": error.detail})
                failed.append(f"{service}: {error.detail}")
                continue
            done[service] = line_of(latest)
            telemetry.log.info(LINE, extra=done[service])
        if failed:
            raise DependencyDown("; ".join(failed))
        return done

    def _latest(self, service: str, *, scheduled: bool) -> Latest:
        now = self._now()
        known = latest_of(self._objects, service) if scheduled else None
        if known is not None and rests(known, now):
            return known
        books = read_books(self._objects, service, now)
        write_books(self._objects, books)
        return books.latest


def line_of(latest: Latest) -> dict[str, Any]:
    """What the log line says beside the service's name."""
    today, month = latest.today, latest.month
    return {
        "day": latest.day,
        "currency": latest.currency,
        "day_money": round(today.money, 2),
        "month_money": round(month.money, 2),
        "month_low": round(month.low, 2),
        "month_high": round(month.high, 2),
        "day_hours": round(today.hours, 2),
        "month_hours": round(month.hours, 2),
        "decisions": today.decisions,
        "month_decisions": month.decisions,
        "month_labelled": month.labelled,
        "month_wrong": month.wrong,
    }
