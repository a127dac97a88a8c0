"""Mitigation: the gap narrows, nobody is judged by whom a text is about, and the price is told."""

from __future__ import annotations

import numpy as np
import pytest

from model_build.fairness.cells import codes_of
from model_build.fairness.decided import FLAGGED, Decided
from model_build.fairness.groups import Dimension, of_sets
from model_build.fairness.reweigh import HEAVIEST, LEAST_ROWS, OTHERS, named, row_weights
from model_build.fairness.rows import OUTCOME, Rows
from model_build.fairness.thresholds import Prices, price, search, widest_gap

PRICES = Prices(review=1.0, wrong_removal=20.0, missed={"toxicity": 8.0})


def unfair(rows: int = 2_000, seed: int = 1) -> tuple[Decided, Rows, list[Dimension]]:
    """Fine posts about "b" score just above the review threshold far more often than those about "a"."""
    rng = np.random.default_rng(seed)
    group, toxic = rng.random(rows) < 0.5, rng.random(rows) < 0.3
    fine = np.where(group, rng.beta(4, 6, rows), rng.beta(2, 12, rows))
    scores = np.where(toxic, rng.beta(9, 2, rows), fine)
    decided = Decided(("toxicity",), scores[:, None], (0.95,), (0.4,))
    truth = {"toxicity": toxic, OUTCOME: toxic}
    by = of_sets("identity", [{"b"} if each else {"a"} for each in group], none=None)
    return decided, Rows("rows", [""] * rows, truth, []), [by]


def test_the_search_narrows_the_gap_within_what_it_may_cost_and_says_what_it_costs() -> None:
    decided, rows, by = unfair()
    found = search(decided, rows, by, PRICES, least=50, most_cost=0.1)
    before, after = (price(each, rows, by, PRICES, least=50) for each in (decided, found))
    assert before.gap is not None and after.gap is not None
    assert after.gap < before.gap - 0.1
    assert after.money_per_1000.value <= 1.1 * before.money_per_1000.value + 1e-9
    assert after.recall.value < before.recall.value, "it is not for nothing, and it is told"


def test_what_it_chose_holds_on_rows_that_it_did_not_see() -> None:
    decided, rows, by = unfair()
    found = search(decided, rows, by, PRICES, least=50, most_cost=0.1)
    other, others, there = unfair(seed=2)
    after = other.with_limits(found.remove_from, found.review_from)
    gaps = [
        widest_gap(others.truth[OUTCOME], each.chosen(OUTCOME, FLAGGED), there, least=50)[0]
        for each in (other, after)
    ]
    assert gaps[0] is not None and gaps[1] is not None and gaps[1] < gaps[0]


@pytest.mark.parametrize("most_cost", [0.0, 0.05, 1.0])
def test_nothing_more_is_removed_than_before(most_cost: float) -> None:
    decided, rows, by = unfair()
    found = search(decided, rows, by, PRICES, least=50, most_cost=most_cost)
    assert found.remove_from[0] >= decided.remove_from[0]
    assert found.review_from[0] <= found.remove_from[0]


def test_no_more_goes_to_people_than_is_allowed() -> None:
    decided, rows, by = unfair()
    shares, gaps = [], []
    for more in (0.0, 0.05, 1.0):
        found = search(decided, rows, by, PRICES, least=50, most_cost=9.0, most_more_review=more)
        after = price(found, rows, by, PRICES, least=50)
        shares.append(
            after.review_share.value - price(decided, rows, by, PRICES, least=50).review_share.value
        )
        gaps.append(after.gap)
    assert shares[0] <= 1e-9 and shares[1] <= 0.05 + 1e-9 < shares[2]
    assert gaps[0] >= gaps[1] >= gaps[2], "less room is a wider gap, and not none"


def test_where_groups_are_treated_alike_nothing_moves() -> None:
    decided, rows, _ = unfair()
    by = [of_sets("identity", [{"a"}] * len(rows), none=None)]
    assert search(decided, rows, by, PRICES, least=50, most_cost=1.0) is decided
    assert widest_gap(rows.truth[OUTCOME], decided.chosen(OUTCOME, FLAGGED), by, least=50) == (None, "")


def test_a_decision_costs_a_look_a_wrong_removal_or_what_was_missed() -> None:
    decided = Decided(("toxicity",), np.array([[0.1], [0.5], [0.99], [0.1], [0.99]]), (0.9,), (0.4,))
    toxic = np.array([False, False, False, True, True])
    rows = Rows("rows", [""] * 5, {"toxicity": toxic, OUTCOME: toxic}, [])
    assert PRICES.costs(decided, rows).tolist() == [0.0, 1.0, 20.0, 8.0, 0.0]


def test_weights_make_whom_a_text_names_tell_nothing_of_its_label() -> None:
    texts = ["my gay friend"] * 60 + ["my muslim friend"] * 40 + ["hello"] * 300
    labels = np.array([1] * 50 + [0] * 10 + [1] * 10 + [0] * 30 + [1] * 60 + [0] * 240)
    weights = row_weights(texts, labels)
    overall = float(weights[labels == 1].sum() / weights.sum())
    for start, stop in ((0, 60), (60, 100), (100, 400)):
        own = slice(start, stop)
        share = float(weights[own][labels[own] == 1].sum() / weights[own].sum())
        assert share == pytest.approx(overall)
    assert weights.mean() == pytest.approx(1.0)
    assert weights.max() <= HEAVIEST
    assert weights[0] < 1.0 < weights[55], "a hostile row about gay people is what there is too much of"


def test_groups_with_few_rows_are_weighed_together() -> None:
    texts = ["a deaf man"] * (LEAST_ROWS - 1) + ["hello"] * LEAST_ROWS
    found = named(texts)
    assert set(found[: LEAST_ROWS - 1]) == {OTHERS}
    assert codes_of(np.array([True]), np.array([False])).tolist() == [2]


def test_labels_that_do_not_hang_on_the_group_leave_every_row_as_it_is() -> None:
    texts = ["my gay friend"] * 40 + ["hello"] * 40
    labels = np.array([0, 1] * 40)
    assert row_weights(texts, labels) == pytest.approx(np.ones(80))
