"""What a label would have decided: so that a verdict can be held against the decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from lambdas.core.errors import SettingsError

ANY_OTHER: Final = "*"

Outcomes = Mapping[str, Mapping[str, str]]
"""By service, the outcome that each label stands for; `*` is every label that is not named. A label of which
nothing is said is an outcome itself."""


def decode_outcomes(raw: str) -> Outcomes:
    """The outcomes of an environment variable's JSON. Raises SettingsError."""
    try:
        return msgspec.json.decode(raw, type=dict[str, dict[str, str]])
    except msgspec.DecodeError as error:
        raise SettingsError(f"LABEL_OUTCOMES: {error}") from error


def outcome_of(outcomes: Outcomes, service: str, label: str) -> str:
    """What would have been decided of an item that is `label`."""
    known = outcomes.get(service, {})
    return known.get(label) or known.get(ANY_OTHER) or label
