"""What the live decisions of a fraud model are counted with: its costs, and how much of what was fraud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lambdas.value.worth import REVIEWED, Cost, Rate, Worth
from model_build.detection.costs import FraudCosts, Money
from model_build.detection.task import Report
from model_build.errors import ParametersError
from model_build.intervals import rate_of, wilson

APPROVE, DECLINE = "approve", "decline"
FRAUD, LEGITIMATE = "fraud", "legitimate"
AMOUNT = "log_amount"
"""The feature that the amount of a live decision is known by: log(1 + amount)."""


class Assumptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The currency of the amounts and of `costs`, and the minutes of a person's look. What a look costs is
    `costs.review`; the minutes are for the hours alone."""

    currency: str = "USD"
    review_minutes: Money = 3.0


def decode_assumptions(raw: Mapping[str, Any]) -> Assumptions:
    """The section `business`; raises ParametersError naming the key."""
    try:
        return msgspec.convert(dict(raw), Assumptions)
    except msgspec.ValidationError as error:
        raise ParametersError(f"business: {error}") from error


def worth(report: Report, assumed: Assumptions) -> Worth:
    """The figures of `settings["business"]`."""
    return worth_of(report.costs, assumed, errors(report))


def worth_of(costs: FraudCosts, assumed: Assumptions, rates: Mapping[str, Mapping[str, Rate]]) -> Worth:
    """Against a shop without model or rules, that approves everything: a fraud costs its amount there."""
    by_amount = costs.missed_by_amount
    missed = Cost(money=costs.missed, feature=AMOUNT if by_amount else None, log=by_amount)
    return Worth(
        currency=assumed.currency,
        cost_an_hour=0.0,
        by_hand=Cost(),
        review=Cost(assumed.review_minutes, costs.review),
        right={LEGITIMATE: APPROVE, FRAUD: DECLINE},
        unhandled={FRAUD: missed},
        wrong={APPROVE: {FRAUD: missed}, DECLINE: {LEGITIMATE: Cost(money=costs.false_alarm)}},
        errors={outcome: dict(shares) for outcome, shares in rates.items()},
        assumed={**costs.settings(), "review_minutes": assumed.review_minutes},
        baseline="nobody looks, everything is approved",
    )


def errors(report: Report) -> dict[str, dict[str, Rate]]:
    """The shares of fraud among what is approved, looked at and declined on the test split; what it had no
    row of is left out."""
    reviewed, declined = (round(each.value * report.rows) for each in (report.reviewed, report.declined))
    stopped = round(report.right_declines.value * declined)
    seen = round(report.money.caught.value * report.frauds)
    counts = {
        APPROVE: (report.rows - reviewed - declined, {FRAUD: report.frauds - seen}),
        REVIEWED: (reviewed, {FRAUD: seen - stopped}),
        DECLINE: (declined, {FRAUD: stopped, LEGITIMATE: declined - stopped}),
    }
    return {
        outcome: {label: rate_of(wilson(count, rows)) for label, count in labels.items()}
        for outcome, (rows, labels) in counts.items()
        if rows
    }
