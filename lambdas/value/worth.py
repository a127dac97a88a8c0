"""What a service's decisions cost and save: the figures that its training writes into the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from lambdas.core.errors import BundleError

SETTING: Final = "business"
"""The key of `manifest.settings`."""
ANY: Final = "*"
REVIEWED: Final = "review"
"""In `errors`: the decisions that a person looked at, whatever their outcome."""


class Cost(msgspec.Struct, frozen=True, omit_defaults=True):
    """Minutes of a person, and money beside them.

    With `feature` the money is that feature of the decision (exp(x) - 1 of it with `log`), and `money` only
    where it is not known.
    """

    minutes: float = 0.0
    money: float = 0.0
    feature: str | None = None
    log: bool = False


class Rate(msgspec.Struct, frozen=True, array_like=True):
    """A share that was measured, with its 95 % interval."""

    value: float
    low: float
    high: float


class Worth(msgspec.Struct, frozen=True, omit_defaults=True):
    """All a service has to say for its value to be told; `*` as a key stands for every other one.

    Without the system an item costs `by_hand`, and `unhandled[label]` besides. With it, one that a person
    looks at costs `review`, and what then happens is right. One that is acted on alone costs nothing when it
    was right, that is when the outcome is `right[label]` (the label itself where `right` is empty), and
    `wrong[outcome][label]` otherwise. A label of several words joined by commas costs what its dearest word
    does.

    `errors[outcome][label]` is the share of that label among the decisions of that outcome on the bundle's
    test split; labels that cost nothing need not be there. `assumed` are the figures behind it, for people to
    read, and `baseline` says in words what it is compared with.
    """

    currency: str
    cost_an_hour: float
    by_hand: Cost
    review: Cost
    right: dict[str, str] = {}
    unhandled: dict[str, Cost] = {}
    wrong: dict[str, dict[str, Cost]] = {}
    errors: dict[str, dict[str, Rate]] = {}
    assumed: dict[str, Any] = {}
    baseline: str = "by hand"
    format: int = 1

    def money(self, cost: Cost) -> float:
        """`cost` in money, its minutes too; where its feature is not known."""
        return cost.minutes / 60 * self.cost_an_hour + cost.money

    def is_right(self, outcome: str, label: str) -> bool:
        """Whether acting so was right."""
        return not label or self.right.get(label, self.right.get(ANY, label)) == outcome

    def of_label(self, label: str) -> Cost:
        """What an item of this label costs without the system, beside `by_hand`."""
        return self._dearest(self.unhandled, label)

    def of_mistake(self, outcome: str, label: str) -> Cost:
        """What this outcome costs when it is `label` that was right."""
        if self.is_right(outcome, label):
            return Cost()
        return self._dearest(self.wrong.get(outcome, self.wrong.get(ANY, {})), label)

    def _dearest(self, costs: Mapping[str, Cost], label: str) -> Cost:
        known = [costs.get(word, costs.get(ANY, Cost())) for word in label.split(",")]
        return max(known, key=self.money)


def worth_of(settings: Mapping[str, Any]) -> Worth | None:
    """The figures in a manifest's `settings`; None where they are not. Raises BundleError when damaged."""
    if SETTING not in settings:
        return None
    try:
        return msgspec.convert(settings[SETTING], Worth)
    except msgspec.ValidationError as error:
        raise BundleError(f"settings.{SETTING}: {error}") from error
