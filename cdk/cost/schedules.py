"""How often an EventBridge schedule runs in a month."""

from __future__ import annotations

import re

from cdk.cost.errors import CostError
from cdk.cost.traffic import HOURS

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_DAYS_A_MONTH = HOURS / 24
_WEEKDAYS = 7


def runs_a_month(expression: str) -> float:
    """Of rate(...) or cron(minutes hours day-of-month month day-of-week year). Raises CostError for
    another."""
    if found := _RATE.fullmatch(expression):
        return HOURS * 60 / (int(found[1]) * _MINUTES[found[2]])
    if not (found := _CRON.fullmatch(expression)):
        raise CostError(f"nobody here knows how often '{expression}' runs")
    minute, hour, day, month, weekday, _ = found.groups()
    a_day = _count(minute, 60, expression) * _count(hour, 24, expression)
    days = _DAYS_A_MONTH
    if weekday not in {"*", "?"}:
        days *= _count(weekday, _WEEKDAYS, expression) / _WEEKDAYS
    elif day not in {"*", "?"}:
        days = _count(day, 31, expression)
    return a_day * days * _count(month, 12, expression) / 12


def _count(field: str, size: int, expression: str) -> float:
    """How many of the `size` values of a field it names: `*`, lists, ranges and steps."""
    total = 0.0
    for part in field.split(","):
        span, _, step = part.partition("/")
        ends = re.fullmatch(r"(\d+)-(\d+)", span)
        if span == "*":
            width = size
        elif ends:
            width = int(ends[2]) - int(ends[1]) + 1
        elif step and span.isdigit():
            width = size - int(span)
        elif re.fullmatch(r"\w+(-\w+)?(#\d|L)?", span):
            width = 5 if span.upper() == "MON-FRI" else 1
        else:
            raise CostError(f"nobody here knows how often '{expression}' runs")
        total += -(-width // int(step)) if step else width
    return total
