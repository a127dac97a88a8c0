"""The measured rates that a training writes beside its costs, by hand from what it reports."""

from __future__ import annotations

import numpy as np
import pytest

from lambdas.value.worth import ANY
from model_build.business import Assumptions, Shares, impact, worth_of
from model_build.detection import live as fraud
from model_build.detection.bounds import Bounds
from model_build.detection.costs import FraudCosts
from model_build.detection.task import Money
from model_build.detection.task import Report as FraudReport
from model_build.errors import ParametersError
from model_build.intervals import Interval, wilson
from model_build.moderation import live as posts
from model_build.moderation.report import Outcome
from model_build.moderation.report import Report as PostReport
from model_build.moderation.worth import Assumptions as PostAssumptions

pytestmark = pytest.mark.unit


def test_tickets_save_live_what_the_card_says_they_do() -> None:
    assumed = Assumptions(
        route_minutes=3.0, misroute_minutes=10.0, misroute_money=2.0, manual_error_share=0.1
    )
    found = worth_of(assumed, wilson(40, 800))
    assert found.errors[ANY][ANY].value == 0.05
    card = impact(Shares(acted=0.8, acted_wrong=0.04, majority_wrong=0.5), assumed)
    # 1,000 tickets: 800 acted on alone, a twentieth of them wrong; 200 looked at.
    live = 1000 * found.money(found.by_hand) - 200 * found.money(found.review)
    live -= 800 * 0.05 * found.money(found.of_mistake("a", "b"))
    assert live == pytest.approx(card.money_saved)


def fraud_report(probability: np.ndarray, is_fraud: np.ndarray, bounds: Bounds) -> FraudReport:
    """A report of these rows, as far as the live figures come from it."""
    declined, reviewed = bounds.declined(probability), bounds.reviewed(probability)
    n, none = len(is_fraud), Interval(0.0, 0.0, 0.0, 0)
    seen = declined | reviewed
    return FraudReport(
        rows=n, frauds=int(is_fraud.sum()), days=1, ranked=[], reliability=None,  # type: ignore[arg-type]
        approve=bounds.approve, decline=bounds.decline,
        reviewed=wilson(int(reviewed.sum()), n), declined=wilson(int(declined.sum()), n),
        right_declines=wilson(int((declined & is_fraud).sum()), int(declined.sum())), false_declines=none,
        money=Money(none, none, none, 0.0, wilson(int((seen & is_fraud).sum()), int(is_fraud.sum()))),
        costs=FraudCosts(),
    )  # fmt: skip


def test_the_shares_of_fraud_by_outcome_are_those_of_the_rows() -> None:
    rng = np.random.default_rng(3)
    probability = rng.random(5_000)
    is_fraud = rng.random(5_000) < probability**3
    bounds = Bounds(0.3, 0.8)
    found = fraud.errors(fraud_report(probability, is_fraud, bounds))
    declined, reviewed = probability >= 0.8, (probability > 0.3) & (probability < 0.8)
    approved = ~declined & ~reviewed
    for outcome, rows in (("approve", approved), ("review", reviewed), ("decline", declined)):
        rate = found[outcome]["fraud"]
        assert rate.value == pytest.approx(is_fraud[rows].mean(), abs=1e-6)
        assert rate.low < rate.value < rate.high
    assert found["decline"]["legitimate"].value == pytest.approx(1 - is_fraud[declined].mean(), abs=1e-6)


def test_a_model_that_declines_nothing_says_nothing_of_it() -> None:
    report = fraud_report(np.full(100, 0.5), np.zeros(100, dtype=bool), Bounds(0.9, 0.95))
    found = fraud.errors(report)
    assert set(found) == {"approve"}
    assert (found["approve"]["fraud"].value, found["approve"]["fraud"].low) == (0.0, 0.0)
    assert 0.03 < found["approve"]["fraud"].high < 0.05, "none of 100 is not never"


def test_a_currency_is_a_word_and_a_typing_error_is_named() -> None:
    assert fraud.decode_assumptions({}).currency == "USD"
    with pytest.raises(ParametersError, match="minuts"):
        fraud.decode_assumptions({"review_minuts": 3})


def test_the_shares_of_missed_posts_add_up_to_what_was_missed() -> None:
    report = PostReport(
        rows=1000, languages_detected=False, policies=[],
        outcomes=[Outcome("ok", 650, 100, 10), Outcome("toxicity", 30, 60, 80),
                  Outcome("threat", 10, 20, 90)],
        removed=wilson(150, 1000), reviewed=wilson(160, 1000), wrong_removals=wilson(10, 150),
        missed=wilson(32, 240), ways=[], assumptions=PostAssumptions(), unlabelled=["sexual", "violence"],
    )  # fmt: skip
    found = posts.errors(report)
    # Of 690 allowed 32 break something; 30 toxicity and 10 threat, so some break both.
    assert found["allow"]["toxicity"].value == pytest.approx(32 / 690 * 0.75, abs=1e-6)
    assert found["allow"]["threat"].value == pytest.approx(32 / 690 * 0.25, abs=1e-6)
    assert found["remove"]["ok"].value == pytest.approx(10 / 150, abs=1e-6)


def test_a_test_split_without_a_missed_post_leaves_a_doubt() -> None:
    report = PostReport(
        rows=100, languages_detected=False, policies=[],
        outcomes=[Outcome("ok", 80, 0, 0), Outcome("toxicity", 0, 10, 0), Outcome("threat", 0, 10, 0)],
        removed=wilson(0, 100), reviewed=wilson(20, 100), wrong_removals=wilson(0, 0),
        missed=wilson(0, 20), ways=[], assumptions=PostAssumptions(), unlabelled=[],
    )  # fmt: skip
    found = posts.errors(report)
    assert set(found) == {"allow"} and set(found["allow"]) == {"toxicity", "threat"}
    assert found["allow"]["threat"].value == 0.0 and found["allow"]["threat"].high > 0.01


def test_moved_thresholds_take_the_measured_rates_with_them() -> None:
    assert posts.unmeasured({"labels": ["ok"], "business": {"currency": "EUR", "errors": {"allow": {}}}}) == {
        "labels": ["ok"], "business": {"currency": "EUR", "errors": {}},
    }  # fmt: skip
    assert posts.unmeasured({"labels": ["ok"]}) == {"labels": ["ok"]}
