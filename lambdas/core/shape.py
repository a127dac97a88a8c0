"""What a text looks like, whatever it says: length, marks, capitals and digits, as numbers for a model."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from lambdas.core.characters import CAPITALS, DIGITS, LETTERS, how_many

SHAPE: Final = (
    "log_characters",
    "log_words",
    "exclamation_marks",
    "question_marks",
    "capital_share",
    "shouted_words",
    "digit_share",
)

_SHOUTED = re.compile(r"\b[A-ZÀ-ÖØ-Þ]{3,}\b")


def shape_of(text: str, words: Sequence[str]) -> list[float]:
    """The numbers of SHAPE for `text`, which has the `words`."""
    raw = text.encode("latin-1", "replace")
    return [
        math.log1p(len(text)),
        math.log1p(len(words)),
        min(text.count("!"), 10),
        min(text.count("?") + text.count("¿"), 10),
        how_many(raw, CAPITALS) / (how_many(raw, LETTERS) or 1),
        min(len(_SHOUTED.findall(text)), 20),
        how_many(raw, DIGITS) / (len(raw) or 1),
    ]
