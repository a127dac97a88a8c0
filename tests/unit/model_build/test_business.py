from __future__ import annotations

import pytest

from model_build.business import Assumptions, Shares, decode_assumptions, impact
from model_build.errors import ParametersError

ASSUMED = Assumptions(
    tickets_a_month=10_000,
    route_minutes=3.0,
    review_minutes=1.0,
    misroute_minutes=10.0,
    misroute_money=2.0,
    manual_error_share=0.1,
    cost_an_hour=30.0,
    build_money=6_000,
    run_money_a_month=100,
)
SHARES = Shares(acted=0.8, acted_wrong=0.04, majority_wrong=0.7)


def test_minutes_and_money_of_each_way() -> None:
    found = impact(SHARES, ASSUMED)
    # By hand: 1,000 * 3 minutes and 100 misroutes of 10 minutes and 2 money each; a minute costs 0.5.
    assert (found.manual.minutes, found.manual.misrouted, found.manual.money) == (4000.0, 100.0, 2200.0)
    # Majority: nobody looks, 700 misroutes.
    assert (found.majority.minutes, found.majority.misrouted, found.majority.money) == (7000.0, 700.0, 4900.0)
    # Model: 200 reviews of a minute; 40 wrong acts and a tenth of the 200 reviews go astray.
    assert found.model.misrouted == pytest.approx(60.0)
    assert found.model.minutes == pytest.approx(800.0)
    assert found.model.money == pytest.approx(520.0)


def test_savings_break_even_and_return() -> None:
    found = impact(SHARES, ASSUMED)
    assert found.minutes_saved == pytest.approx(3200.0)
    assert found.money_saved == pytest.approx(1680.0)
    assert found.minutes_saved_over_majority == pytest.approx(6200.0)
    assert found.money_saved_over_majority == pytest.approx(4380.0)
    assert found.money_saved_a_month == pytest.approx(16_800.0)
    assert found.break_even_months == pytest.approx(6000 / 16_700)
    assert found.roi == pytest.approx((24 * 16_800 - 8_400) / 8_400)


def test_a_model_that_costs_more_than_it_saves_never_breaks_even() -> None:
    found = impact(Shares(acted=1.0, acted_wrong=0.9, majority_wrong=0.7), ASSUMED)
    assert found.money_saved < 0
    assert found.break_even_months is None
    assert found.roi < -1.0


def test_a_model_that_sends_everything_to_people_saves_the_difference_of_their_minutes() -> None:
    found = impact(Shares(acted=0.0, acted_wrong=0.0, majority_wrong=0.7), ASSUMED)
    assert found.minutes_saved == pytest.approx(1000 * (3.0 - 1.0))


def test_nothing_spent_has_no_return_to_speak_of() -> None:
    assert impact(SHARES, Assumptions(build_money=0, run_money_a_month=0)).roi == 0.0


@pytest.mark.parametrize(("raw", "named"), [({"cost_an_hour": -1}, "cost_an_hour"), ({"wage": 1}, "wage")])
def test_a_mistake_is_named(raw: dict[str, object], named: str) -> None:
    with pytest.raises(ParametersError, match=named):
        decode_assumptions(raw)
