"""What is kept in the bucket: a file a month with the sums of each day that is over, and the newest
figures."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from lambdas.value.sums import Sums, total
from lambdas.value.worth import Worth

DAY: Final = timedelta(days=1)


class Day(msgspec.Struct, frozen=True):
    """`own`: what was decided on this day (UTC), with the labels given on it. `late`: by how much labels that
    were given on this day change what earlier days had counted; it adds no decisions."""

    own: Sums = Sums()
    late: Sums = Sums()

    @property
    def sums(self) -> Sums:
        """Both."""
        return self.own + self.late


class Month(msgspec.Struct):
    """`<service>/value/<yyyy-mm>.json`: the days that are over, by their number."""

    service: str
    month: str
    days: dict[str, Day] = {}
    notes: list[str] = []
    format: int = 1

    def until(self, day: date) -> Sums:
        """The days before `day`."""
        return total(each.sums for number, each in self.days.items() if number < f"{day:%d}")


class Latest(msgspec.Struct, frozen=True):
    """`<service>/value/latest.json`: today so far, and this month with it. `at` is when that last changed.

    `late` is the part of today that is late labels on earlier days. `worth` is what the champion says.
    `newest` is when the newest decision or label that is counted came; empty where there was none, None in
    figures of a release that did not say.
    """

    service: str
    at: str
    day: str
    currency: str
    today: Sums
    month: Sums
    late: Sums = Sums()
    notes: list[str] = []
    worth: Worth | None = None
    newest: str | None = None
    format: int = 1


def month_key(service: str, day: date) -> str:
    """Where the month of `day` is kept."""
    return f"{service}/value/{day:%Y-%m}.json"


def latest_key(service: str) -> str:
    """Where the newest figures are."""
    return f"{service}/value/latest.json"


def midnight(day: date) -> datetime:
    """The beginning of `day`, UTC."""
    return datetime.combine(day, time(), UTC)
