"""Scoring without a model: a handful of patterns that any analyst would name. A person looks at each.

A rule that fires raises the score by its weight of what is left to 1 (a noisy or), so the order of the rules
does not matter and each can be read alone. The score is not calibrated. Training shows in the model's card
what these rules alone would have found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from lambdas.transactions.features import FEATURE_NAMES

BASE: Final = 0.003
"""The score when no rule fires: about the share of fraud among such transactions."""

Row = Sequence[float]
_AT: Final = {name: k for k, name in enumerate(FEATURE_NAMES)}


class Rule(NamedTuple):
    """Fires where `test` holds; `feature` is the one that a person should look at first.

    What is not known is NaN, of which no comparison holds: such a rule stays silent.
    """

    feature: str
    weight: float
    test: Callable[[Row], bool]
    words: str


def _over(feature: str, least: float) -> Callable[[Row], bool]:
    place = _AT[feature]
    return lambda row: row[place] >= least


def _all(*tests: Callable[[Row], bool]) -> Callable[[Row], bool]:
    return lambda row: all(test(row) for test in tests)


def _under(feature: str, most: float) -> Callable[[Row], bool]:
    place = _AT[feature]
    return lambda row: row[place] <= most


RULES: Final = (
    Rule("count_1h", 0.35, _over("count_1h", 6), "six transactions or more within an hour"),
    Rule(
        "count_1h", 0.35, _all(_over("count_1h", 4), _under("log_amount", math.log1p(5))),
        "several transactions within an hour, this one of a few cents or units",
    ),
    Rule(
        "amount_ratio", 0.30, _all(_over("amount_ratio", 8), _over("log_amount", math.log1p(200))),
        "eight times the card's average amount or more",
    ),
    Rule("log_amount", 0.15, _over("log_amount", math.log1p(2_000)), "an amount of 2,000 or more"),
    Rule("sum_24h", 0.20, _over("sum_24h", 5_000), "5,000 or more spent within 24 hours"),
    Rule(
        "speed_kmh", 0.45, _all(_over("speed_kmh", 900), _over("moved_km", 100)),
        "faster than an aeroplane from the place of the last transaction",
    ),
    Rule(
        "home_km", 0.20, _all(_over("home_km", 300), _over("new_merchant", 1)),
        "far from home, at a merchant that the card does not know",
    ),
    Rule(
        "terminal_risk_7d", 0.45, _all(_over("terminal_risk_7d", 0.1), _over("terminal_labels", 2)),
        "this terminal had fraud lately",
    ),
    Rule("hour_oddness", 0.10, _over("hour_oddness", 1.5), "an hour at which the card is hardly ever used"),
)  # fmt: skip


def fired(row: Row) -> list[Rule]:
    """The rules that fire on `row` (features in the order of FEATURE_NAMES), heaviest first."""
    return sorted((rule for rule in RULES if rule.test(row)), key=lambda rule: -rule.weight)


def score(rules: Sequence[Rule]) -> float:
    """The score, 0 to 1, of a row on which `rules` fired."""
    return 1.0 - (1.0 - BASE) * math.prod(1.0 - rule.weight for rule in rules)
