"""How a word joins the words before it: contractions and elisions of Spanish and French."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_SPANISH = re.compile(r"(?:^|\s)(?:de|a) $", re.IGNORECASE)
_FRENCH = re.compile(r"(?:^|\s)(de|à) $", re.IGNORECASE)
_ELIDED = re.compile(r"(?:^|\s)(?:de|que|le|la) $", re.IGNORECASE)
_VOWEL = re.compile(r"[aeiouyàâéèêëîïôû]", re.IGNORECASE)

_CONTRACTED: Final = {"de": "du ", "à": "au "}


def plain(before: str, value: str) -> str:
    """`value` put after `before`, as it is."""
    return before + value


def spanish(before: str, value: str) -> str:
    """`value` put after `before`: de el -> del, a el -> al."""
    if value.startswith("el ") and _SPANISH.search(before):
        return before[:-1] + value[1:]
    return before + value


def french(before: str, value: str) -> str:
    """`value` put after `before`: de le -> du, à le -> au, and d', qu', l' before a vowel."""
    found = _FRENCH.search(before)
    if found and value.startswith("le "):
        return before[: found.start(1)] + _CONTRACTED[found.group(1).lower()] + value[3:]
    if _VOWEL.match(value) and _ELIDED.search(before):
        return before[:-2] + "'" + value
    return before + value


ATTACH: Final[dict[str, Callable[[str, str], str]]] = {"en": plain, "es": spanish, "fr": french}
