"""What the policy costs for 1,000 posts: people's minutes, posts missed, posts removed wrongly. Every
assumption is a value of the section `business`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from lambdas.content.policies import OK, Severity
from lambdas.content.verdict import OUTCOMES
from lambdas.value.worth import ANY, Cost, Rate, Worth
from model_build.errors import ParametersError

PER: Final = 1000
SEVERITIES: Final[tuple[Severity, ...]] = ("severe", "high", "medium")
ALLOW, _, REMOVE = OUTCOMES
Amount = Annotated[float, msgspec.Meta(ge=0.0)]


class Assumptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Minutes are a reviewer's; `missed` is what a post that breaks a policy of this severity costs when it
    stays up, `wrong_removal` what a fine post costs that is taken down without a person. A person is taken
    to be right."""

    currency: str = "USD"
    posts_a_month: Amount = 100_000
    review_minutes: Amount = 0.5
    cost_an_hour: Amount = 25.0
    missed: dict[str, Amount] = msgspec.field(
        default_factory=lambda: {"medium": 1.0, "high": 5.0, "severe": 25.0}
    )
    wrong_removal: Amount = 2.0

    @property
    def review(self) -> float:
        """What one look costs."""
        return self.review_minutes / 60 * self.cost_an_hour

    def miss(self, severity: str) -> float:
        """What a missed post of this severity costs."""
        return self.missed.get(severity, 0.0)


class Way(msgspec.Struct, frozen=True):
    """A way of moderating 1,000 posts: how many people look at, how many are missed and wrongly removed, and
    the money of all three."""

    name: str
    looked_at: float
    missed: float
    wrongly_removed: float
    money: float


def decode_assumptions(raw: Mapping[str, Any]) -> Assumptions:
    """The section `business`; raises ParametersError naming the key."""
    try:
        found = msgspec.convert(dict(raw), Assumptions)
    except msgspec.ValidationError as error:
        raise ParametersError(f"business: {error}") from error
    strange = sorted(set(found.missed) - set(SEVERITIES))
    if strange:
        raise ParametersError(f"business: there is no severity '{strange[0]}': {', '.join(SEVERITIES)}")
    return found


def ways(
    rows: int,
    reviewed: int,
    missed: Mapping[str, int],
    broken: Mapping[str, int],
    wrong: int,
    assumed: Assumptions,
) -> list[Way]:
    """This policy against nobody and everybody looking.

    Of `rows` posts `reviewed` go to people, `wrong` are removed wrongly; `missed` and `broken` count posts by
    the highest severity of what they break: those allowed, and all of them.
    """

    def way(name: str, looked: float, lost: Mapping[str, int], wrongly: float) -> Way:
        money = looked * assumed.review + wrongly * assumed.wrong_removal
        money += sum(count * assumed.miss(severity) for severity, count in lost.items())
        scale = PER / max(rows, 1)
        return Way(name, looked * scale, sum(lost.values()) * scale, wrongly * scale, money * scale)

    return [
        way("this policy", reviewed, missed, wrong),
        way("people look at everything", rows, {}, 0),
        way("nobody looks, nothing is removed", 0, broken, 0),
    ]


def worth_of(
    assumed: Assumptions, severities: Mapping[str, Severity], errors: Mapping[str, Mapping[str, Rate]]
) -> Worth:
    """What live decisions are counted with, against people who look at everything and are right. `errors` are
    the measured shares by outcome and policy."""
    look = Cost(assumed.review_minutes)
    return Worth(
        currency=assumed.currency,
        cost_an_hour=assumed.cost_an_hour,
        by_hand=look,
        review=look,
        right={OK: ALLOW, ANY: REMOVE},
        wrong={
            ALLOW: {policy: Cost(money=assumed.miss(severity)) for policy, severity in severities.items()},
            REMOVE: {OK: Cost(money=assumed.wrong_removal)},
        },
        errors={outcome: dict(shares) for outcome, shares in errors.items()},
        assumed={
            "review_minutes": assumed.review_minutes,
            "cost_an_hour": assumed.cost_an_hour,
            **{f"missed {severity}": assumed.miss(severity) for severity in SEVERITIES},
            "wrong_removal": assumed.wrong_removal,
        },
        baseline="people look at everything",
    )
