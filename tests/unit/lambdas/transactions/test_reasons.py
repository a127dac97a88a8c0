"""Reasons and rules: in words for every feature, strongest first, silent about what is not known."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from lambdas.transactions.features import FEATURE_NAMES
from lambdas.transactions.reasons import GROUPS, MOST, top_reasons
from lambdas.transactions.rules import BASE, RULES, fired, score
from lambdas.transactions.words import words_of

Rows = npt.NDArray[np.float32]
AT = {name: k for k, name in enumerate(FEATURE_NAMES)}
USUAL = np.zeros(len(FEATURE_NAMES), dtype=np.float32)


def row_of(**values: float) -> list[float]:
    return [values.get(name, math.nan) for name in FEATURE_NAMES]


@pytest.mark.parametrize("feature", FEATURE_NAMES)
def test_every_feature_has_words_for_any_value_and_for_none(feature: str) -> None:
    said = {words_of(feature, value) for value in (0.0, 0.7, 1.0, 12.0)}
    assert all(words and not words.endswith(".") and words[0] != " " for words in said)
    assert f"{feature.replace('_', ' ')} is 1" not in said, "it has a phrase of its own"
    missing = words_of(feature, None)
    assert missing.startswith(("no ", "not ")) or feature in {"log_amount", "hour_sin", "hour_cos", "weekend"}
    assert missing == words_of(feature, math.nan) and len(missing) <= 58, "the waterfall cuts what is longer"


@pytest.mark.parametrize(
    ("feature", "value", "words"),
    [
        ("log_amount", math.log1p(1234.5), "an amount of 1,234.50"),
        ("log_since_last", math.log1p(90), "90 seconds after the card's last transaction"),
        ("log_since_last", math.log1p(7_200), "2 hours after the card's last transaction"),
        ("log_since_last", math.log1p(259_200), "3 days after the card's last transaction"),
        ("amount_z", -2.0, "2.0 standard deviations below the card's usual amount"),
        ("new_merchant", 0.0, "a merchant that the card knows"),
        ("new_merchant", math.nan, "not known whether the card was at this merchant before"),
        ("amount_ratio", math.nan, "no amounts of the card's last 30 days to compare with"),
        ("merchants_7d", 1.0, "1 merchant within 7 days"),
        ("merchants_7d", 3.0, "3 different merchants within 7 days"),
        ("log_events", math.log1p(1), "the card has 1 earlier transaction"),
        ("log_events", math.log1p(2), "the card has 2 earlier transactions"),
        ("terminal_labels", 1.0, "1 of this terminal's transactions has a label"),
        ("terminal_labels", 0.0, "0 of this terminal's transactions have a label"),
        ("log_since_last", math.log1p(1), "1 second after the card's last transaction"),
        ("no such feature", 2.5, "no such feature is 2.5"),
    ],
)
def test_words(feature: str, value: float, words: str) -> None:
    assert words_of(feature, value) == words


def test_every_feature_is_in_a_group() -> None:
    assert {name for group in GROUPS for name in group} == set(FEATURE_NAMES)


def test_the_strongest_features_are_named_first() -> None:
    weights = np.zeros(len(FEATURE_NAMES), dtype=np.float32)
    for name, weight in (("count_1h", 0.1), ("home_km", 0.3), ("weekend", 0.005), ("log_amount", -0.2)):
        weights[AT[name]] = weight
    row = np.ones((2, len(FEATURE_NAMES)), dtype=np.float32)
    row[1] = USUAL
    found = top_reasons(lambda rows: 0.5 + rows @ weights, row, [0.5 + float(weights.sum()), 0.5], USUAL)
    assert [(reason.feature, reason.effect) for reason in found[0]] == [
        ("home_km", pytest.approx(0.3)), ("count_1h", pytest.approx(0.1)),
    ]  # fmt: skip
    assert found[0][0].words == "1 km from home"
    assert found[1] == []
    assert top_reasons(lambda rows: rows[:, 0], row[:0], [], USUAL) == []


def test_the_time_of_day_is_one_reason() -> None:
    weights = np.zeros(len(FEATURE_NAMES), dtype=np.float32)
    weights[AT["hour_sin"]], weights[AT["hour_cos"]] = 0.2, 0.1
    row = np.ones((1, len(FEATURE_NAMES)), dtype=np.float32)
    (found,) = top_reasons(lambda rows: 0.5 + rows @ weights, row, [0.8], USUAL)
    assert [(reason.words, reason.effect) for reason in found] == [("the time of day", pytest.approx(0.3))]


def test_what_shows_in_several_features_at_once_is_still_named() -> None:
    """Either count is enough for this model, so neither alone at its usual value changes anything."""

    def either(rows: Rows) -> Rows:
        return np.maximum(rows[:, AT["count_1h"]], rows[:, AT["count_24h"]]) / 10

    row = np.zeros((1, len(FEATURE_NAMES)), dtype=np.float32)
    row[0, [AT["count_1h"], AT["count_24h"]]] = 9.0
    (reasons,) = top_reasons(either, row, [0.9], USUAL)
    assert [(reason.feature, reason.effect) for reason in reasons] == [("count_1h", pytest.approx(0.9))]
    assert len(reasons) <= MOST


def test_nothing_known_fires_no_rule() -> None:
    assert fired(row_of()) == []
    assert score([]) == pytest.approx(BASE)


@pytest.mark.parametrize(
    ("values", "feature"),
    [
        ({"count_1h": 6.0}, "count_1h"),
        ({"count_1h": 4.0, "log_amount": math.log1p(1)}, "count_1h"),
        ({"amount_ratio": 9.0, "log_amount": math.log1p(300)}, "amount_ratio"),
        ({"log_amount": math.log1p(2_500)}, "log_amount"),
        ({"sum_24h": 6_000.0}, "sum_24h"),
        ({"speed_kmh": 1_000.0, "moved_km": 500.0}, "speed_kmh"),
        ({"home_km": 400.0, "new_merchant": 1.0}, "home_km"),
        ({"terminal_risk_7d": 0.2, "terminal_labels": 3.0}, "terminal_risk_7d"),
        ({"hour_oddness": 2.0}, "hour_oddness"),
    ],
)
def test_each_rule_fires_on_what_it_says(values: dict[str, float], feature: str) -> None:
    (rule,) = fired(row_of(**values))
    assert rule.feature == feature
    assert score([rule]) == pytest.approx(1 - (1 - BASE) * (1 - rule.weight))


def test_more_rules_mean_a_higher_score_that_stays_below_1() -> None:
    scores = [score(RULES[:count]) for count in range(len(RULES) + 1)]
    assert scores == sorted(scores)
    assert scores[-1] < 1.0
    assert score(RULES[::-1]) == pytest.approx(scores[-1])
