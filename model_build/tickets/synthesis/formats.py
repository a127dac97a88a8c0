"""How numbers, dates and times are written in each language, by people and not by a library."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Final

_CURRENCIES: Final = {
    "en": ("${}", "${}", "€{}", "£{}", "{} USD", "{} euros"),
    "es": ("{} €", "{}€", "{} euros"),
    "fr": ("{} €", "{}€", "{} euros"),
}


def money(value: float, language: str, currency: str) -> str:
    """`value` with two decimals, or none when it is whole; `currency` is a pattern of `currency_of`."""
    text = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    if language == "es":
        text = text.translate(str.maketrans(",.", ".,"))
    elif language == "fr":
        text = text.translate(str.maketrans(",.", " ,"))
    return currency.format(text)


def currency_of(language: str, rng: random.Random) -> str:
    """The way this writer puts a currency beside a number."""
    return rng.choice(_CURRENCIES[language])


def date(moment: datetime, language: str, month: str, rng: random.Random) -> str:
    """Day and month, as it goes into a sentence: 12 March, 12 de marzo, 12 mars."""
    style = rng.random()
    if style < 0.15:
        return f"{moment.day:02}/{moment.month:02}"
    if language == "es":
        return f"{moment.day} de {month}"
    if language == "fr":
        return f"{'1er' if moment.day == 1 else moment.day} {month}"
    return f"{moment.day} {month}" if style < 0.6 else f"{month} {moment.day}"


def clock(language: str, rng: random.Random) -> str:
    """A time of a working day."""
    hour, minute = rng.randrange(8, 19), rng.choice((0, 0, 15, 30, 45))
    if language == "fr":
        return f"{hour} h {minute:02}" if minute else f"{hour} h"
    if language == "en" and rng.random() < 0.5:
        shown = f"{(hour - 1) % 12 + 1}" + (f":{minute:02}" if minute else "")
        return f"{shown} {'am' if hour < 12 else 'pm'}"
    return f"{hour}:{minute:02}"
