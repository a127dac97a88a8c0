"""What the loops around the service remember of a logged transaction: what the models saw, not whose."""

from __future__ import annotations

import math
import re
from typing import Final

import msgspec

from lambdas.observations.record import Features
from lambdas.transactions.features import FEATURE_NAMES

NAMES: Final[tuple[str, ...]] = FEATURE_NAMES
"""As a bundle's reference.json has them."""

_CATEGORY = re.compile(r"[a-z][a-z_&/ -]{1,29}")


class _Asked(msgspec.Struct):
    currency: str = "USD"
    category: str | None = None


class _Answered(msgspec.Struct):
    features: dict[str, float | None]


_asked, _answered = msgspec.json.Decoder(_Asked), msgspec.json.Decoder(_Answered)


def observed(asked: bytes, answer: bytes) -> Features:
    """The features and segments of one decision. Raises msgspec.DecodeError."""
    request, seen = _asked.decode(asked), _answered.decode(answer).features
    known = (seen.get(name) for name in NAMES)
    segments = {"currency": request.currency}
    if request.category:
        said = request.category.strip().lower()
        # A category is a few words of a merchant's kind: anything else may be about somebody.
        segments["category"] = said if _CATEGORY.fullmatch(said) else "other"
    return Features([math.nan if value is None else value for value in known], segments)
