"""What a feature's value says, in words a person at the counter or on the phone understands."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

Say = Callable[[float], str]


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s"
    return _count(seconds, "second", "seconds")


def _count(value: float, one: str, more: str) -> str:
    """`value` without decimals, and what is counted."""
    shown = f"{value:.0f}"
    return f"{shown} {one if shown == '1' else more}"


def _either(yes: str, no: str) -> Say:
    return lambda value: yes if value >= 0.5 else no


def _usual(value: float) -> str:
    side = "above" if value >= 0 else "below"
    return f"{abs(value):.1f} standard deviations {side} the card's usual amount"


_SAY: Final[dict[str, Say]] = {
    "log_amount": lambda value: f"an amount of {math.expm1(value):,.2f}",
    "mean_amount_30d": lambda value: f"the card's average amount is {value:,.2f}",
    "amount_ratio": lambda value: f"{value:,.1f} times the card's average amount of 30 days",
    "amount_z": _usual,
    "amount_trend": lambda value: f"the card's last 7 days average {value:,.1f} times its 30 days",
    "count_1h": lambda value: f"transaction number {value:.0f} within an hour",
    "count_24h": lambda value: f"transaction number {value:.0f} within 24 hours",
    "sum_24h": lambda value: f"{value:,.2f} spent within 24 hours",
    "count_30d": lambda value: f"transaction number {value:.0f} within 30 days",
    "log_since_last": lambda value: f"{_span(math.expm1(value))} after the card's last transaction",
    "merchants_7d": lambda value: f"{_count(value, 'merchant', 'different merchants')} within 7 days",
    "new_merchant": _either("the card's first time at this merchant", "a merchant that the card knows"),
    "new_category": _either(
        "the card's first time in this kind of shop", "a kind of shop that the card goes to"
    ),
    "category_share": lambda value: f"{value:.0%} of the card's transactions are in this kind of shop",
    "category_risk": lambda value: f"{value:.2%} of the transactions in this kind of shop are fraud",
    "home_km": lambda value: f"{value:,.0f} km from home",
    "moved_km": lambda value: f"{value:,.0f} km from the place of the last transaction",
    "speed_kmh": lambda value: f"{value:,.0f} km/h since the place of the last transaction",
    "hour_oddness": lambda value: (
        "an hour at which the card is seldom used" if value > 0 else "an hour at which the card is often used"
    ),
    "hour_sin": lambda _: "the time of day",
    "hour_cos": lambda _: "the time of day",
    "weekend": _either("on a weekend", "on a weekday"),
    "terminal_risk_2d": lambda value: f"{value:.0%} of this terminal's newest known transactions were fraud",
    "terminal_risk_7d": lambda value: f"{value:.0%} of this terminal's latest transactions were fraud",
    "terminal_risk_28d": lambda value: f"{value:.0%} of this terminal's transactions were fraud",
    "terminal_labels": lambda value: (
        _count(value, "of this terminal's transactions has", "of this terminal's transactions have")
        + " a label"
    ),
    "card_age_days": lambda value: f"the card was first seen {_span(value * 86_400)} ago",
    "log_events": lambda value: (
        f"the card has {_count(math.expm1(value), 'earlier transaction', 'earlier transactions')}"
    ),
}
_UNKNOWN: Final = {
    "mean_amount_30d": "no amounts of the card's last 30 days are known",
    "amount_ratio": "no amounts of the card's last 30 days to compare with",
    "amount_z": "no earlier amounts of the card to compare with",
    "amount_trend": "no amounts of the card's last 7 days to compare with",
    "count_1h": "not known how often the card was used within an hour",
    "count_24h": "not known how often the card was used within 24 hours",
    "sum_24h": "not known what was spent within 24 hours",
    "count_30d": "not known how often the card was used within 30 days",
    "log_since_last": "no earlier transaction of the card is known",
    "merchants_7d": "no merchants of the card are known",
    "new_merchant": "not known whether the card was at this merchant before",
    "new_category": "not known whether the card goes to this kind of shop",
    "category_share": "not known how often the card goes to this kind of shop",
    "category_risk": "not known how much fraud this kind of shop has",
    "home_km": "not known how far this is from home",
    "moved_km": "not known how far this is from the last transaction",
    "speed_kmh": "not known how fast the card has moved",
    "hour_oddness": "not known at which hours the card is used",
    "terminal_risk_2d": "not known how much fraud this terminal had lately",
    "terminal_risk_7d": "not known how much fraud this terminal had lately",
    "terminal_risk_28d": "not known how much fraud this terminal had",
    "terminal_labels": "not known how many labels this terminal has",
    "card_age_days": "not known since when the card is in use",
    "log_events": "not known how many earlier transactions the card has",
}
"""A value is missing where the request does not say it and where no history does: it tells no two apart, so
the words hold for both. They fit into the waterfall."""


def words_of(feature: str, value: float | None) -> str:
    """`feature` at `value` as a phrase without a full stop; a name that is not known is shown as it is."""
    if value is None or math.isnan(value):
        return _UNKNOWN.get(feature, f"{feature.replace('_', ' ')} is not known")
    say = _SAY.get(feature)
    return say(value) if say else f"{feature.replace('_', ' ')} is {value:.4g}"
