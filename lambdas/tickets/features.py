"""From a ticket to the model's inputs: its text, and the hand-made features. Training and serving both call
this, so they cannot differ; the n-grams of the text are `lambdas/core/ngrams.py`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from lambdas.core.ngrams import words_of
from lambdas.core.shape import SHAPE, shape_of
from lambdas.tickets.lexicon import TERMS
from lambdas.tickets.schema import CHANNELS, TIERS, TicketRequest

_MONEY = re.compile(r"[$€£]\s?\d|\d\s?(?:[$€£]|usd|eur)", re.IGNORECASE)
_TERM_SETS = tuple(TERMS.values())
_CODE = re.compile(r"\b(?:[A-Z]{2,}[-_]?\d+|0x[0-9A-Fa-f]+|[45]\d\d)\b")


def text_of(subject: str | None, body: str | None) -> str:
    """Subject and body as the one text that the model reads."""
    return f"{subject or ''}\n{body or ''}"


FEATURE_NAMES: Final[tuple[str, ...]] = (
    *SHAPE,
    "has_subject",
    "money_mentions",
    "error_codes",
    *(f"terms_{name}" for name in TERMS),
    *(f"channel_{name}" for name in CHANNELS),
    *(f"tier_{name}" for name in TIERS),
    "log_previous_tickets",
)


def handmade(
    tickets: Sequence[TicketRequest], spoken: Sequence[list[str]] | None = None
) -> npt.NDArray[np.float32]:
    """The hand-made features, [tickets, len(FEATURE_NAMES)]; NaN where the ticket does not say.

    The model's graph replaces a NaN by what training learned for that column. `spoken` are the words
    of the tickets' texts where the caller has them already.
    """
    if spoken is None:
        spoken = [words_of(text_of(ticket.subject, ticket.body)) for ticket in tickets]
    rows = [_handmade(ticket, words) for ticket, words in zip(tickets, spoken, strict=True)]
    return np.array(rows, dtype=np.float32).reshape(len(tickets), len(FEATURE_NAMES))


def _handmade(ticket: TicketRequest, words: list[str]) -> list[float]:
    text = text_of(ticket.subject, ticket.body)
    spoken = set(words)
    previous = math.nan if ticket.previous_tickets is None else math.log1p(ticket.previous_tickets)
    return [
        *shape_of(text, words),
        float(bool(ticket.subject.strip())),
        min(len(_MONEY.findall(text)), 5),
        min(len(_CODE.findall(text)), 5),
        *[len(spoken & terms) for terms in _TERM_SETS],
        *_one_of(ticket.channel, CHANNELS),
        *_one_of(ticket.customer_tier, TIERS),
        previous,
    ]


def _one_of(value: str | None, known: tuple[str, ...]) -> list[float]:
    """A column a known value: all NaN when nothing was said, all 0 for a value that is not known."""
    if value is None or not value.strip():
        return [math.nan] * len(known)
    said = value.strip().lower()
    return [float(said == name) for name in known]
