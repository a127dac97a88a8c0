"""What the model is worth: minutes and money against routing by hand and against the majority rule.

Every assumption is a value of the section `business` in params.yaml; nothing here is measured but the
model's own shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from lambdas.value.worth import ANY, Cost, Worth
from model_build.errors import ParametersError
from model_build.intervals import Interval, rate_of

PER: Final = 1000
ROI_MONTHS: Final = 24

_COUNTED: Final = (
    "route_minutes", "review_minutes", "misroute_minutes", "misroute_money", "manual_error_share",
    "cost_an_hour",
)  # fmt: skip
"""What of the assumptions is counted a decision."""

Amount = Annotated[float, msgspec.Meta(ge=0.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Assumptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is assumed about the business. Minutes are a person's, money is in `currency`.

    `misroute_minutes` and `misroute_money` are what a ticket in the wrong place costs until it is in the
    right one. A person routes wrongly in `manual_error_share` of the tickets, reviewed ones too.
    """

    currency: str = "USD"
    tickets_a_month: Amount = 10_000
    route_minutes: Amount = 2.0
    review_minutes: Amount = 1.0
    misroute_minutes: Amount = 12.0
    misroute_money: Amount = 0.0
    manual_error_share: Share = 0.05
    cost_an_hour: Amount = 35.0
    build_money: Amount = 12_000
    run_money_a_month: Amount = 150


class Shares(msgspec.Struct, frozen=True):
    """The model's behaviour on the test split, as shares of all tickets.

    `acted` are routed without a person, `acted_wrong` of all tickets are routed wrongly that way;
    `majority_wrong` is the error of sending everything to the most frequent class.
    """

    acted: float
    acted_wrong: float
    majority_wrong: float


class Way(msgspec.Struct, frozen=True):
    """A way of routing, for 1,000 tickets. `minutes` are people's, `money` holds them and the rest."""

    name: str
    minutes: float
    misrouted: float
    money: float


class Impact(msgspec.Struct, frozen=True):
    """What the model is worth. The first three are ways of routing 1,000 tickets.

    Savings are of the model against the others, for 1,000 tickets and, in money, a month.
    `break_even_months` is None when the model never pays for itself; `roi` is the net gain of the first
    24 months over what was spent in them (1.0 means that the money doubled).
    """

    manual: Way
    majority: Way
    model: Way
    minutes_saved: float
    money_saved: float
    minutes_saved_over_majority: float
    money_saved_over_majority: float
    money_saved_a_month: float
    break_even_months: float | None
    roi: float
    assumptions: Assumptions


def decode_assumptions(raw: Mapping[str, Any]) -> Assumptions:
    """The section `business` as Assumptions; raises ParametersError naming the key."""
    try:
        return msgspec.convert(raw, type=Assumptions)
    except msgspec.ValidationError as error:
        raise ParametersError(f"business: {error}") from error


def impact(shares: Shares, assumed: Assumptions) -> Impact:
    """What a model with these `shares` is worth under these assumptions."""
    by_hand = assumed.manual_error_share
    manual = _way("by hand", 1.0, assumed.route_minutes, by_hand, assumed)
    majority = _way("majority rule", 0.0, 0.0, shares.majority_wrong, assumed)
    reviewed = 1.0 - shares.acted
    wrong = shares.acted_wrong + reviewed * by_hand
    model = _way("model", reviewed, assumed.review_minutes, wrong, assumed)
    saved = manual.money - model.money
    monthly = saved * assumed.tickets_a_month / PER
    net = monthly - assumed.run_money_a_month
    spent = assumed.build_money + ROI_MONTHS * assumed.run_money_a_month
    return Impact(
        manual=manual,
        majority=majority,
        model=model,
        minutes_saved=manual.minutes - model.minutes,
        money_saved=saved,
        minutes_saved_over_majority=majority.minutes - model.minutes,
        money_saved_over_majority=majority.money - model.money,
        money_saved_a_month=monthly,
        break_even_months=assumed.build_money / net if net > 0 else None,
        roi=(ROI_MONTHS * monthly - spent) / spent if spent > 0 else 0.0,
        assumptions=assumed,
    )


def _way(name: str, handled: float, minutes_each: float, wrong: float, assumed: Assumptions) -> Way:
    """1,000 tickets of which a person handles the share `handled`, and the share `wrong` goes astray."""
    minutes = PER * (handled * minutes_each + wrong * assumed.misroute_minutes)
    money = minutes / 60 * assumed.cost_an_hour + PER * wrong * assumed.misroute_money
    return Way(name, minutes, PER * wrong, money)


def worth_of(assumed: Assumptions, acted_errors: Interval | None) -> Worth:
    """What live decisions are counted with: the same figures, and the error rate of what is acted on
    alone."""
    astray = assumed.manual_error_share
    misroute = Cost(assumed.misroute_minutes, assumed.misroute_money)

    def by_a_person(minutes: float) -> Cost:
        return Cost(minutes + astray * misroute.minutes, astray * misroute.money)

    return Worth(
        currency=assumed.currency,
        cost_an_hour=assumed.cost_an_hour,
        by_hand=by_a_person(assumed.route_minutes),
        review=by_a_person(assumed.review_minutes),
        wrong={ANY: {ANY: misroute}},
        errors={ANY: {ANY: rate_of(acted_errors)}} if acted_errors else {},
        assumed={name: value for name, value in msgspec.to_builtins(assumed).items() if name in _COUNTED},
    )
