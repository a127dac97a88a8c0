"""A change of the population at a known moment, so that drift detection can be tested against the truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from model_build.errors import ParametersError

Kind = Literal["covariate", "prior", "concept"]


@dataclass(frozen=True)
class Shift:
    """What changes from `at` on, and how much: `strength` 0 changes nothing, 1 everything.

    - covariate: prices rise by up to 60 %, purchases move online and into the night; what fraud is stays.
    - prior: up to three times as much fraud, of the same kinds.
    - concept: fraudsters learn: their amounts are the card's usual ones, at usual hours, near home.
    """

    kind: Kind
    at: datetime
    strength: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in ("covariate", "prior", "concept"):
            raise ParametersError(f"shift: there is no kind '{self.kind}': use covariate, prior or concept")
        if not 0.0 <= self.strength <= 1.0:
            raise ParametersError(f"shift: strength is {self.strength}: it must be 0 to 1")
        if self.at.tzinfo is None:
            raise ParametersError("shift: 'at' has no time zone: use datetime(..., tzinfo=UTC)")
