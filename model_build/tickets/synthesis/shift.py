"""A change of the population at a known moment, so that drift detection can be tested against the truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from model_build.errors import ParametersError

Kind = Literal["covariate", "prior", "concept"]

PRIOR_AFTER: Final = {
    "Technical": 0.15,
    "Billing": 0.18,
    "General": 0.12,
    "Complaint": 0.45,
    "Feature Request": 0.10,
}
"""The department mix that a prior shift of strength 1 leads to: a wave of complaints."""

CHANNELS_AFTER: Final = {"email": 0.08, "web": 0.12, "chat": 0.45, "phone": 0.05, "social": 0.30}
"""The channel mix that a covariate shift of strength 1 leads to."""


@dataclass(frozen=True)
class Shift:
    """What changes from `at` on, and how much: `strength` 0 changes nothing, 1 everything.

    - covariate: new products and words appear and the channels' mix moves; the labels' meaning stays.
    - prior: the departments' mix moves towards PRIOR_AFTER; what each writes stays.
    - concept: tickets of `themes` are filed under `to`; the texts stay as they were.
    """

    kind: Kind
    at: datetime
    strength: float = 1.0
    themes: tuple[str, ...] = ("refunds", "charges")
    to: str = "Complaint"

    def __post_init__(self) -> None:
        if self.kind not in ("covariate", "prior", "concept"):
            raise ParametersError(f"shift: there is no kind '{self.kind}': use covariate, prior or concept")
        if not 0.0 <= self.strength <= 1.0:
            raise ParametersError(f"shift: strength is {self.strength}: it must be 0 to 1")
        if self.at.tzinfo is None:
            raise ParametersError("shift: 'at' has no time zone: use datetime(..., tzinfo=UTC)")

    def strength_of(self, kind: Kind, now: datetime) -> float:
        """How strongly the population has changed in this way at `now`: 0 before and for other kinds."""
        return self.strength if kind == self.kind and now >= self.at else 0.0
