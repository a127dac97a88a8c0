"""The bill as people and programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from cdk.cost.limits import Capacity, Limit
from cdk.cost.lines import Line, total
from cdk.cost.prices import OLD_UNTIL, Account, Prices
from cdk.cost.traffic import Traffic

SOON = 6


class Bill(NamedTuple):
    """All that is said of one kind of account."""

    account: Account
    traffic: Traffic
    lines: list[Line]
    capacities: list[Capacity]
    limits: list[Limit]
    budget: Limit

    @property
    def usd(self) -> float:
        """A month."""
        return total(self.lines)


def text_of(bills: Sequence[Bill], prices: Prices, today: date, templates: str) -> list[str]:
    """The report, a line each; `templates` says which are priced."""
    traffic = bills[0].traffic
    mix = ", ".join(f"{name} {count:,.0f}" for name, count in traffic.decisions.items())
    found = [
        f"{traffic.total:,.0f} decisions a month: {mix}",
        f"{templates}; list prices of {prices.region}, looked up {prices.checked}",
    ]
    for bill in bills:
        found += ["", *_bill(bill, prices, today)]
    return found


def _bill(bill: Bill, prices: Prices, today: date) -> list[str]:
    found = [_account(bill.account, today)]
    found.append(f"  {'':24}{'used':>16}{'free':>14}  {'':17}{'USD':>9}")
    for line in bill.lines:
        free = _figure(line.free) if line.free else "-"
        usd = f"{line.usd:,.4f}" if line.usd else "0"
        found.append(
            f"  {line.price:24}{_figure(line.used):>16}{free:>14}  {line.unit:17}{usd:>9}  {line.why}"
        )
    found.append(f"  {'a month':73}{bill.usd:>9,.2f}")
    if bill.account == "new" and bill.usd > 0:
        months = min(prices.credits.usd / bill.usd, prices.credits.months)
        found.append(
            f"  Credits of up to {prices.credits.usd:g} USD pay for {months:.0f} months of it "
            f"(they end after {prices.credits.months:g})."
        )
    found += ["", "  What it carries, in the busiest minutes"]
    ends = {limit.what: limit.decisions for limit in bill.limits}
    found += [_capacity(each, ends.get(each.name, float("inf"))) for each in bill.capacities]
    return [*found, "", *_limits(bill)]


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}"


def _account(account: Account, today: date) -> str:
    if account == "new":
        return "An account made since 2025-07-15: only what is free in every account"
    over = f" (the last of those months ended before {OLD_UNTIL})" if today >= OLD_UNTIL else ""
    return f"An account made before 2025-07-15, in its first 12 months{over}"


def _capacity(carried: Capacity, end: float) -> str:
    part = carried.used / carried.most
    over = f"  OVER: {carried.then}" if part > 1 else ""
    enough = f", up to {end:,.0f} decisions a month" if end < float("inf") else ""
    used = f"{_figure(carried.used):>14} of {carried.most:,.0f} {carried.unit}"
    return f"  {carried.what:30}{used} ({part:.1%}){enough}{over}"


def _limits(bill: Bill) -> list[str]:
    passed = [each for each in bill.limits if each.decisions <= 1]
    others = [each for each in bill.limits if each.decisions > 1]
    found = []
    if passed:
        names = "; ".join(each.what for each in passed)
        found.append(f"  Passed without traffic, or with the first decision: {names}")
    if others:
        limit = others[0]
        found.append(
            f"  The first limit in this mix: {limit.what}, from {limit.decisions:,.0f} decisions a month"
        )
        found += [
            f"    then {each.what}, from {each.decisions:,.0f} ({each.then})" for each in others[1:SOON]
        ]
    if bill.budget.decisions < float("inf"):
        found.append(f"  {bill.budget.what} from {bill.budget.decisions:,.0f} decisions a month")
    return found


def json_of(bills: Sequence[Bill], prices: Prices) -> dict[str, Any]:
    """The same for programs; a limit that is never passed is not in it."""
    return {
        "region": prices.region,
        "prices_checked": prices.checked.isoformat(),
        "decisions": bills[0].traffic.decisions,
        "assumed": {
            name: getattr(bills[0].traffic.assumed, name)
            for name in bills[0].traffic.assumed.__struct_fields__
        },
        "accounts": {
            bill.account: {
                "usd": round(bill.usd, 4),
                "lines": [
                    {**line._asdict(), "beyond": line.beyond, "page": prices[line.price].page}
                    for line in bill.lines
                ],
                "capacities": [
                    {**each._asdict(), "most": each.most if each.most < float("inf") else None}
                    for each in bill.capacities
                ],
                "limits": [each._asdict() for each in bill.limits],
                "first_limit": next((each._asdict() for each in bill.limits if each.decisions > 1), None),
            }
            for bill in bills
        },
    }
