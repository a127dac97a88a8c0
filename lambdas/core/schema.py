"""The types every service answers with. A service extends `Decision` with what is its own.

These structs are the one definition: they validate at the door, and the API Gateway models, the
OpenAPI document and the docs are generated from them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Source = Literal["model", "rules"]
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An error answer: RFC 9457 problem+json, with the field that is wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str | None = None
    request_id: str | None = None


class Decision(msgspec.Struct, kw_only=True):
    """What every service's answer holds, whatever was decided.

    `source` says whether the model or the rules answered; `degraded` names what was missing for a
    full answer (`model`, `decision_log`, ...), and is empty on a good day.
    """

    decision_id: Annotated[str, msgspec.Meta(description="Names this decision in later calls.")]
    outcome: Annotated[str, msgspec.Meta(description="What was decided, in the service's own words.")]
    review: Annotated[bool, msgspec.Meta(description="True when a person should look at it.")]
    reasons: Annotated[list[str], msgspec.Meta(description="Why it goes to review; empty when it does not.")]
    confidence: Annotated[Probability, msgspec.Meta(description="Calibrated probability of the decision.")]
    source: Source
    variant: Annotated[str, msgspec.Meta(description="champion, challenger, or none when rules answered.")]
    model_version: str | None
    degraded: list[str]
    decided_at: Annotated[str, msgspec.Meta(description="UTC, ISO 8601.")]


class HeadAnswer(msgspec.Struct):
    """One output of a classifier: its label, and how sure it is."""

    label: str
    confidence: Probability
    probabilities: dict[str, float]
    prediction_set: Annotated[
        list[str], msgspec.Meta(description="Every label that is plausible at the stated coverage.")
    ]


class Term(msgspec.Struct):
    """A word of the input and what it added to the winning label's score (log-odds)."""

    term: str
    weight: float
