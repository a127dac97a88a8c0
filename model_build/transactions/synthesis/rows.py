"""Transactions as columns, while they are made."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

SCENARIOS: Final = ("", "stolen card", "compromised terminal", "takeover", "card testing", "skimming")
"""By their number in `Rows.scenario`; 0 is no fraud."""
STOLEN, TERMINAL, TAKEOVER, TESTING, SKIMMING = range(1, 6)


@dataclass(frozen=True)
class Rows:
    """`at` in days since the start; `scenario` is the number of the fraud's, 0 for none."""

    card: Ints
    merchant: Ints
    at: Floats
    amount: Floats
    scenario: Ints

    def __len__(self) -> int:
        return len(self.card)

    def take(self, chosen: npt.NDArray[Any]) -> Rows:
        """The chosen rows, by number or by mask."""
        return Rows(**{each.name: getattr(self, each.name)[chosen] for each in fields(self)})


def stacked(parts: list[Rows]) -> Rows:
    """The rows of all `parts`."""
    return Rows(
        **{each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Rows)}
    )
