"""When tickets come in: busy mornings and Mondays, quiet nights and weekends."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

WEEKDAYS: Final = (1.2, 1.1, 1.05, 1.0, 0.95, 0.45, 0.35)
"""Relative traffic from Monday to Sunday."""

HOURS: Final = (
    0.12, 0.08, 0.06, 0.05, 0.06, 0.12, 0.3, 0.7, 1.3, 1.9, 2.1, 1.9,
    1.5, 1.4, 1.7, 1.8, 1.7, 1.5, 1.2, 1.0, 0.9, 0.7, 0.45, 0.25,
)  # fmt: skip
"""Relative traffic from 0 to 23 UTC."""

MONTHS: Final = (1.15, 1.0, 1.0, 0.95, 0.95, 0.95, 0.85, 0.75, 1.05, 1.0, 1.15, 1.2)
"""Relative traffic from January to December: sales and the new year are busy, August is not."""


class Rhythm:
    """The traffic between two moments, as the share of tickets that came in before any of them."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._start = start
        hours = max(1, round((end - start) / timedelta(hours=1)))
        moments = (start + timedelta(hours=hour) for hour in range(hours))
        traffic = [WEEKDAYS[at.weekday()] * HOURS[at.hour] * MONTHS[at.month - 1] for at in moments]
        self._before = [0.0, *accumulate(traffic)]
        self._length = (end - start) / hours

    def at(self, share: float) -> datetime:
        """The moment before which `share` of the tickets, 0 to below 1, came in; grows with `share`."""
        wanted = share * self._before[-1]
        hour = min(bisect_right(self._before, wanted), len(self._before) - 1) - 1
        inside = (wanted - self._before[hour]) / (self._before[hour + 1] - self._before[hour])
        return (self._start + self._length * (hour + inside)).replace(microsecond=0)
