"""What is passed first as traffic grows, and at how many decisions a month: allowances, and what carries no
more."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from cdk.cost.calls import BATCH_IN_ONE_TRANSACTION, Month
from cdk.cost.lines import Line
from cdk.cost.prices import Account
from cdk.cost.traffic import SECONDS, Traffic

MOST: Final = 1e9
"""Decisions a month beyond which nobody looks for a limit."""
UNIT_BYTES: Final = 1024
CONCURRENCY: Final[dict[Account, int]] = {"new": 10, "old": 1000}
"""Functions at once in an account that has asked for no more: a new one may run ten."""


class Capacity(NamedTuple):
    """What carries `most`, and how much of that a month of traffic needs."""

    what: str
    used: float
    most: float
    unit: str
    then: str

    @property
    def name(self) -> str:
        """What the limit is called."""
        return f"{self.what}: {self.most:,.0f} {self.unit}"


class Limit(NamedTuple):
    """`what` is passed from `decisions` a month on: 0 when without any traffic, infinite when never."""

    what: str
    decisions: float
    then: str


def capacities(month: Month, account: Account) -> Iterator[Capacity]:
    """What the app and the account carry, whatever one would pay."""
    app, assumed, traffic = month.app, month.traffic.assumed, month.traffic
    yield Capacity(
        "API key's monthly quota", month.keyed_calls(), app.quota, "calls", "429: -c monthly_quota=..."
    )
    busiest = month.keyed_calls() / SECONDS * assumed.peak
    yield Capacity("API key's rate", busiest, app.rate, "calls/s", "429: -c requests_per_second=...")
    if table := app.table("Decisions"):
        yield Capacity(
            "decision log's write units",
            log_units(month) / SECONDS * assumed.peak,
            table.write_units,
            "units/s",
            "answers say degraded: decision_log; -c decision_write_units=...",
        )
    if table := app.table("Features"):
        cards = sum(traffic.decisions[s.name] for s in month.services if s.feature_store)
        yield Capacity(
            "feature store's write units",
            cards / SECONDS * assumed.peak,
            table.write_units,
            "units/s",
            "updates wait in the catch-up queue; -c feature_store_secret=...",
        )
    busy = sum(each.seconds for each in month.runs()) / SECONDS * assumed.peak
    yield Capacity(
        "functions at once", busy, CONCURRENCY[account], "functions", "throttled: ask AWS for more"
    )


def log_units(month: Month) -> float:
    """Write units a month of the decision log: an item's size in kB rounded up for each writing of it, twice
    that in a transaction, and as much for each label and each amended decision."""
    assumed = month.traffic.assumed
    units = math.ceil(assumed.item_bytes / UNIT_BYTES)
    decided = units * (2 if assumed.batch > BATCH_IN_ONE_TRANSACTION else 1)
    return month.traffic.total * decided + (month.records - month.traffic.total) * units


def limits_of(
    traffic: Traffic,
    lines: Callable[[Traffic], list[Line]],
    month: Callable[[Traffic], Month],
    account: Account,
) -> list[Limit]:
    """Every limit in the order in which this mix of traffic passes them; those that it never does left
    out."""
    found = []
    for line in {each.pool: each for each in lines(traffic)}.values():

        def over(at: Traffic, pool: str = line.pool) -> bool:
            return any(each.pool == pool and each.usd > 0 for each in lines(at))

        found.append(Limit(_named(line), first(traffic, over), "it costs from there"))
    for place, carried in enumerate(capacities(month(traffic), account)):

        def full(at: Traffic, place: int = place) -> bool:
            each = list(capacities(month(at), account))[place]
            return each.used > each.most

        found.append(Limit(carried.name, first(traffic, full), carried.then))
    return sorted((each for each in found if each.decisions < math.inf), key=lambda each: each.decisions)


def first(traffic: Traffic, passed: Callable[[Traffic], bool]) -> float:
    """The fewest decisions a month, in this mix, from which `passed` holds; it must hold from there on."""
    if passed(traffic.scaled(0.0)):
        return 0.0
    if not passed(traffic.scaled(MOST)):
        return math.inf
    low, high = 0.0, MOST
    while high - low > max(1.0, low * 1e-4):
        middle = (low + high) / 2
        low, high = (low, middle) if passed(traffic.scaled(middle)) else (middle, high)
    return math.ceil(high)


def _named(line: Line) -> str:
    free = f"{line.allowance:,.10g} {line.unit} free" if line.allowance else "none free"
    return f"{line.pool}: {free}"
