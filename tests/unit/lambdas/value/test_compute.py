"""The value of decisions, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lambdas.value.compute import unlabelled, value_of
from lambdas.value.sums import Sums
from lambdas.value.worth import ANY, REVIEWED, Cost, Rate, Worth
from tests.support.observations import window

pytestmark = pytest.mark.unit

TICKETS = Worth(
    currency="EUR",
    cost_an_hour=30.0,
    by_hand=Cost(minutes=3.0, money=0.2),
    review=Cost(minutes=1.0, money=0.1),
    wrong={ANY: {ANY: Cost(minutes=10.0, money=2.0)}},
    errors={ANY: {ANY: Rate(0.1, 0.05, 0.2)}},
)
FRAUD = Worth(
    currency="EUR",
    cost_an_hour=0.0,
    by_hand=Cost(),
    review=Cost(minutes=3.0, money=5.0),
    right={"legitimate": "approve", "fraud": "decline"},
    unhandled={"fraud": Cost(money=500.0, feature="log_amount", log=True)},
    wrong={
        "approve": {"fraud": Cost(money=500.0, feature="log_amount", log=True)},
        "decline": {"legitimate": Cost(money=50.0)},
    },
    errors={
        "approve": {"fraud": Rate(0.01, 0.0, 0.02)},
        REVIEWED: {"fraud": Rate(0.25, 0.2, 0.3)},
        "decline": {"fraud": Rate(0.75, 0.5, 0.8), "legitimate": Rate(0.25, 0.2, 0.5)},
    },
)
CONTENT = Worth(
    currency="EUR",
    cost_an_hour=60.0,
    by_hand=Cost(minutes=0.5),
    review=Cost(minutes=0.5),
    right={"ok": "allow", ANY: "remove"},
    wrong={
        "allow": {"toxicity": Cost(money=1.0), "threat": Cost(money=25.0)},
        "remove": {"ok": Cost(money=2.0)},
    },
)


def amounts(*values: float) -> np.ndarray:
    return np.log1p(np.array(values))[:, None]


def test_tickets_with_labels_are_counted_by_them() -> None:
    found = value_of(
        window(
            4,
            outcome=["Billing", "Billing", "Technical", "Billing"],
            label=["Billing", "General", "Technical", "General"],
            review=[False, False, False, True],
        ),
        lambda _: TICKETS,
    )
    # By hand 4 * 3 minutes; with the model one look of a minute and one wrong route of ten.
    assert found.hours == pytest.approx((12 - 1 - 10) / 60)
    # A minute is 0.5; and 4 * 0.2 less one look's 0.1 and the mistake's 2.
    assert found.money == pytest.approx(0.5 + 0.8 - 0.1 - 2.0)
    assert (found.decisions, found.alone, found.reviewed) == (4, 3, 1)
    assert (found.labelled, found.wrong, found.unpriced) == (3, 1, 0)
    assert found.low == found.high == found.money


def test_tickets_without_labels_are_wrong_as_often_as_measured() -> None:
    found = value_of(window(10, outcome="Billing"), lambda _: TICKETS)
    # 30 minutes by hand; a tenth of ten decisions is wrong: 10 minutes and 2.
    assert found.hours == pytest.approx(20 / 60)
    assert found.money == pytest.approx(20 * 0.5 + 2.0 - 2.0)
    # A mistake costs 7: half of them or twice as many.
    assert (found.low, found.high) == (pytest.approx(found.money - 7.0), pytest.approx(found.money + 3.5))
    assert (found.labelled, found.wrong) == (0, 0)


def test_what_the_rates_say_of_the_acted_ones_does_not_touch_the_reviewed() -> None:
    found = value_of(window(10, outcome="Billing", review=True), lambda _: TICKETS)
    assert found.hours == pytest.approx(20 / 60)
    assert found.low == found.high == found.money == pytest.approx(10 + 1)


def test_a_stopped_fraud_saves_its_amount_and_a_false_alarm_costs() -> None:
    found = value_of(
        window(
            5,
            service="transactions",
            names=["log_amount"],
            features=amounts(100, 900, 80, 70, 60),
            outcome=["decline", "decline", "approve", "approve", "review"],
            label=["fraud", "legitimate", "fraud", "legitimate", "fraud"],
            review=[False, False, False, False, True],
        ),
        lambda _: FRAUD,
    )
    # Stopped: 100, and 60 by a person whose look costs 5. A false alarm costs 50; the 80 is lost anyway.
    assert found.money == pytest.approx(100 - 50 + 60 - 5, rel=1e-5)
    assert found.hours == pytest.approx(-3 / 60)
    assert (found.labelled, found.wrong) == (4, 2)


def test_frauds_nobody_has_labelled_are_what_was_measured_of_their_amounts() -> None:
    found = value_of(
        window(
            3,
            service="transactions",
            names=["log_amount"],
            features=amounts(1000, 200, math.nan),
            outcome=["decline", "review", "review"],
            review=[False, True, True],
        ),
        lambda _: FRAUD,
    )
    by_amount = 0.75 * 1000 - 0.25 * 50 + 0.25 * 200 + 0.25 * 500 - 2 * 5
    assert found.money == pytest.approx(by_amount, rel=1e-5)
    worst = 0.5 * 1000 - 0.5 * 50 + 0.2 * 200 + 0.2 * 500 - 10
    best = 0.8 * 1000 - 0.2 * 50 + 0.3 * 200 + 0.3 * 500 - 10
    assert (found.low, found.high) == (pytest.approx(worst, rel=1e-5), pytest.approx(best, rel=1e-5))


def test_a_post_costs_what_the_dearest_of_its_broken_policies_does() -> None:
    found = value_of(
        window(
            4,
            service="content",
            outcome=["allow", "allow", "remove", "remove"],
            label=["toxicity,threat", "ok", "ok", "toxicity"],
        ),
        lambda _: CONTENT,
    )
    assert found.money == pytest.approx(4 * 0.5 - 25 - 2)
    assert found.wrong == 2


def test_a_bundle_that_was_not_measured_is_wrong_with_what_is_left_of_its_confidence() -> None:
    rows = window(2, service="content", outcome=["allow", "remove"], confidence=[0.9, 0.8])
    found = value_of(rows, lambda _: CONTENT)
    assert found.money == pytest.approx(2 * 0.5 - 0.1 * (1 + 25) / 2 - 0.2 * 2)
    without = Worth(**{name: getattr(FRAUD, name) for name in FRAUD.__struct_fields__ if name != "errors"})
    stopped = window(
        1,
        names=["log_amount"],
        features=amounts(100),
        outcome="decline",
        confidence=0.9,
        service="transactions",
    )
    assert value_of(stopped, lambda _: without).money == pytest.approx(0.9 * 100 - 0.1 * 50, rel=1e-5)


def test_each_bundle_has_its_own_figures_and_the_rules_those_of_the_champion() -> None:
    dear = Worth("EUR", 60.0, Cost(minutes=1.0), Cost())
    cheap = Worth("EUR", 6.0, Cost(minutes=1.0), Cost())
    known = {"v1": cheap, "v2": dear, None: cheap}
    rows = window(3, version=["v1", "v2", None], review=[False, False, True])
    asked: list[str | None] = []

    def worth(version: str | None) -> Worth:
        asked.append(version)
        return known[version]

    assert value_of(rows, worth).money == pytest.approx(0.1 + 1.0 + 0.1)
    assert sorted(asked, key=str) == [None, "v1", "v2"]


def test_what_nobody_can_price_is_counted_and_said() -> None:
    found = value_of(window(3, review=[True, False, False]), lambda _: None)
    assert found == Sums(decisions=3, alone=2, reviewed=1, unpriced=3)


def test_nothing_is_worth_nothing() -> None:
    assert value_of(window(0), lambda _: TICKETS) == Sums()


def test_labels_can_be_forgotten() -> None:
    rows = window(2, outcome="a", label=["a", "b"])
    gone = unlabelled(rows, np.array([False, True]))
    assert value_of(gone, lambda _: TICKETS).labelled == 1
    assert value_of(rows, lambda _: TICKETS).labelled == 2


def test_many_classes_and_many_decisions_are_counted_one_by_one() -> None:
    n = 200_000
    rng = np.random.default_rng(1)
    classes = [f"class {k}" for k in range(77)]
    from lambdas.observations.window import Column

    codes = rng.integers(0, 77, n).astype(np.int32)
    label = np.where(rng.random(n) < 0.02, rng.integers(0, 77, n), -1).astype(np.int32)
    found = value_of(
        window(n, outcome=Column(tuple(classes), codes), label=Column(tuple(classes), label)),
        lambda _: TICKETS,
    )
    right = (label == codes) & (label >= 0)
    assert found.wrong == int((label >= 0).sum() - right.sum())
