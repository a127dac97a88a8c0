"""How many characters of a kind a text has, counted without a loop in Python; and how many marks are kept."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LATIN = bytes(range(256)).decode("latin-1")
LETTERS: Final = "".join(filter(str.isalpha, _LATIN)).encode("latin-1")
CAPITALS: Final = "".join(filter(str.isupper, _LATIN)).encode("latin-1")
DIGITS: Final = b"0123456789"
MOST_MARKS: Final = 20
"""No language stacks more on a letter."""

_MARKED = re.compile(rf"[^\w\s\x00-\x7f]{{{MOST_MARKS},}}")


def how_many(raw: bytes, kind: bytes) -> int:
    """How many bytes of `raw`, a text in Latin-1, are of `kind`."""
    return len(raw) - len(raw.translate(None, kind))


def composed(text: str) -> str:
    """`text` in the form NFKC, with at most MOST_MARKS marks on a letter.

    Putting marks in their order takes time that grows with the square of their number: 50,000 of them, 5 s.
    """
    return text if text.isascii() else unicodedata.normalize("NFKC", _MARKED.sub(_fewer, text))


def _fewer(run: re.Match[str]) -> str:
    kept, marks = [], 0
    for character in run.group():
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)
