"""The bounds cost least, hold to what people can look at, and believe probabilities where frauds are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from model_build.detection.bounds import Bounds, cheapest_bounds
from model_build.detection.costs import FraudCosts, decode_costs
from model_build.errors import ParametersError
from model_build.thresholds import NEVER

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Rows:
    probabilities: np.ndarray
    fraud: np.ndarray
    amounts: np.ndarray


def rows_of(count: int, seed: int = 0) -> Rows:
    """Calibrated probabilities, mostly low, with amounts."""
    rng = np.random.default_rng(seed)
    probabilities = rng.beta(0.3, 8.0, count)
    return Rows(probabilities, rng.random(count) < probabilities, rng.lognormal(4.0, 1.0, count))


def total(bounds: Bounds, rows: Rows, costs: FraudCosts) -> float:
    return float(bounds.cost(rows.probabilities, rows.fraud, rows.amounts, costs).sum())


def test_no_other_bounds_cost_less() -> None:
    rows, costs = rows_of(20_000), FraudCosts(most_review_share=1.0)
    found = cheapest_bounds(rows.probabilities, rows.fraud, rows.amounts, costs)
    grid = np.r_[np.quantile(rows.probabilities, np.linspace(0, 1, 60)), NEVER]
    best = min(total(Bounds(a, b), rows, costs) for a in grid for b in grid if a <= b)
    assert total(found, rows, costs) <= 1.02 * best
    assert 0 < found.approve < found.decline < 1


def test_people_are_not_asked_for_more_than_they_can_look_at() -> None:
    rows = rows_of(5_000)
    for share in (0.0, 0.01, 0.1):
        costs = FraudCosts(review=0.1, most_review_share=share)
        found = cheapest_bounds(rows.probabilities, rows.fraud, rows.amounts, costs)
        assert found.reviewed(rows.probabilities).mean() <= share


def test_rows_of_one_probability_have_one_outcome() -> None:
    rows = rows_of(3_000)
    coarse = rows.probabilities.round(2)
    found = cheapest_bounds(coarse, rows.fraud, rows.amounts, FraudCosts())
    assert found.approve not in coarse and found.decline not in coarse


def test_cheap_reviews_and_dear_alarms_decline_little() -> None:
    rows = rows_of(20_000)
    dear = cheapest_bounds(rows.probabilities, rows.fraud, rows.amounts, FraudCosts(false_alarm=5_000.0))
    cheap = cheapest_bounds(rows.probabilities, rows.fraud, rows.amounts, FraudCosts(false_alarm=1.0))
    assert dear.declined(rows.probabilities).mean() < cheap.declined(rows.probabilities).mean()


def test_without_a_fraud_to_look_at_the_probabilities_decide() -> None:
    rows = rows_of(5_000)
    nothing = np.zeros(5_000, dtype=bool)
    found = cheapest_bounds(rows.probabilities, nothing, rows.amounts, FraudCosts())
    assert found.approve < 0.5


def test_a_missed_fraud_costs_its_amount_or_what_is_said() -> None:
    fraud, amounts = np.array([True, True, False]), np.array([20.0, np.nan, 30.0])
    assert FraudCosts().approving(fraud, amounts).tolist() == [20.0, 500.0, 0.0]
    assert FraudCosts(missed_by_amount=False).approving(fraud, amounts).tolist() == [500.0, 500.0, 0.0]
    assert FraudCosts().declining(fraud).tolist() == [0.0, 0.0, 50.0]


def test_costs_that_cannot_be_are_refused() -> None:
    with pytest.raises(ParametersError, match="costs"):
        decode_costs({"false_alarm": -1})
    with pytest.raises(ParametersError, match="missd"):
        decode_costs({"missd": 3})
