"""What a yes-or-no decision costs: the section `costs` of params.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.errors import ParametersError

Money = Annotated[float, msgspec.Meta(ge=0.0)]
Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]


class FraudCosts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All in the currency of the amounts.

    `false_alarm` is declining what was legitimate. A fraud that is approved costs its amount, or `missed`
    when `missed_by_amount` is false or the amount is not known. `review` is a person's look, after which the
    decision is taken to be right; no more than `most_review_share` of all go there. `alerts_a_day` is how
    many alerts a team can look at, for precision at the top.
    """

    false_alarm: Money = 50.0
    missed: Money = 500.0
    missed_by_amount: bool = True
    review: Money = 5.0
    most_review_share: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.02
    alerts_a_day: Annotated[int, msgspec.Meta(ge=1)] = 100

    def approving(self, fraud: Bools | Floats, amounts: Floats) -> Floats:
        """What approving each row costs, [rows]; `fraud` may be how likely it is."""
        lost = np.where(np.isfinite(amounts), amounts, self.missed) if self.missed_by_amount else self.missed
        costs: Floats = fraud * lost
        return costs

    def declining(self, fraud: Bools | Floats) -> Floats:
        """What declining each row costs, [rows]."""
        costs: Floats = (1.0 - fraud) * self.false_alarm
        return costs

    def settings(self) -> dict[str, float | bool]:
        """What serving and online learning need to know of them."""
        return {
            "false_alarm": self.false_alarm,
            "missed": self.missed,
            "missed_by_amount": self.missed_by_amount,
            "review": self.review,
        }


def decode_costs(raw: Mapping[str, Any]) -> FraudCosts:
    """The section `costs`; raises ParametersError naming the key."""
    try:
        return msgspec.convert(dict(raw), FraudCosts)
    except msgspec.ValidationError as error:
        raise ParametersError(f"costs: {error}") from error
