"""What a decision costs: the section `costs` of params.yaml as a matrix for the classes of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.errors import ParametersError

PAIR: Final = " -> "

Cost = Annotated[float, msgspec.Meta(ge=0.0)]
Floats = npt.NDArray[np.float64]


class HeadCosts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The costs of one head's decisions, all in one unit (params.yaml says which).

    `review` is a person's look, `wrong` an act on a wrong class. `missed` overrides `wrong` by the true
    class, `pairs` overrides both by "true -> predicted". `least_rows` is how many rows of the calibrate
    split must have been predicted as a class before it gets a threshold of its own.
    """

    review: Cost = 1.0
    wrong: Cost = 5.0
    missed: dict[str, Cost] = {}
    pairs: dict[str, Cost] = {}
    least_rows: Annotated[int, msgspec.Meta(ge=1)] = 30

    def matrix(self, classes: Sequence[str]) -> Floats:
        """The cost of acting, [true class, predicted class], 0 on the diagonal."""
        place = {name: k for k, name in enumerate(classes)}
        costs = np.full((len(classes), len(classes)), float(self.wrong))
        for name, cost in self.missed.items():
            if name in place:
                costs[place[name]] = cost
        for pair, cost in self.pairs.items():
            true, predicted = self._pair(pair)
            if true in place and predicted in place:
                costs[place[true], place[predicted]] = cost
        np.fill_diagonal(costs, 0.0)
        return costs

    def unknown(self, classes: Sequence[str]) -> list[str]:
        """The class names that the costs speak of and the data does not have, for a warning."""
        named = {*self.missed, *(name for pair in self.pairs for name in self._pair(pair))}
        return sorted(named - set(classes))

    @staticmethod
    def _pair(pair: str) -> tuple[str, str]:
        true, arrow, predicted = pair.partition(PAIR)
        if not arrow:
            raise ParametersError(f"costs: write the pair '{pair}' as 'true class{PAIR}predicted class'")
        return true.strip(), predicted.strip()


class Costs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The costs of every head: `heads` by its name, `default` for the others."""

    default: HeadCosts = HeadCosts()
    heads: dict[str, HeadCosts] = {}

    def of(self, head: str) -> HeadCosts:
        """The costs of `head`."""
        return self.heads.get(head, self.default)


def decode_costs(raw: Mapping[str, Any]) -> Costs:
    """The section `costs` as Costs; raises ParametersError naming the key."""
    try:
        costs = msgspec.convert(raw, type=Costs)
    except msgspec.ValidationError as error:
        raise ParametersError(f"costs: {error}") from error
    for head in (costs.default, *costs.heads.values()):
        head.unknown(())  # raises on a malformed pair, before anything is trained
    return costs
