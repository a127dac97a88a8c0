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
    return f"{seconds:.0f} seconds"


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
    "merchants_7d": lambda value: f"{value:.0f} different merchants within 7 days",
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
    "terminal_labels": lambda value: f"{value:.0f} of this terminal's transactions have a label",
    "card_age_days": lambda value: f"the card was first seen {_span(value * 86_400)} ago",
    "log_events": lambda value: f"the card has {math.expm1(value):.0f} earlier transactions",
}
_UNKNOWN: Final = {
    "home_km": "the distance from home is not known",
    "moved_km": "the place is not known",
    "speed_kmh": "the place is not known",
    "new_merchant": "the merchant is not known",
    "category_risk": "the kind of shop is not known",
    "log_since_last": "the card was not seen before",
}


def words_of(feature: str, value: float | None) -> str:
    """`feature` at `value` as a phrase without a full stop; a name that is not known is shown as it is."""
    if value is None or math.isnan(value):
        return _UNKNOWN.get(feature, f"{feature.replace('_', ' ')} is not known")
    say = _SAY.get(feature)
    return say(value) if say else f"{feature.replace('_', ' ')} is {value:.4g}"
