"""What the loops around the service remember of a logged ticket: its features, and no word of it."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from lambdas.core.ngrams import words_of
from lambdas.observations.record import Features
from lambdas.tickets.features import FEATURE_NAMES, handmade, text_of
from lambdas.tickets.schema import CHANNELS, TIERS, TicketRequest

NAMES: Final[tuple[str, ...]] = (*FEATURE_NAMES, "characters", "words")
"""As a bundle's reference.json has them, under `features` and `text`."""

_TAG = re.compile(r"([a-z]{2,3})(?:[-_]|$)")


def observed(asked: bytes, answer: bytes) -> Features:
    """The features and segments of one decision. Raises msgspec.DecodeError."""
    ticket = msgspec.json.decode(asked, type=TicketRequest)
    text = text_of(ticket.subject, ticket.body)
    spoken = words_of(text)
    values = [*handmade([ticket], [spoken])[0].tolist(), float(len(text)), float(len(spoken))]
    segments = {
        "language": _language(ticket.language),
        "channel": _one_of(ticket.channel, CHANNELS),
        "customer_tier": _one_of(ticket.customer_tier, TIERS),
    }
    return Features(values, {name: value for name, value in segments.items() if value})


def _language(said: str | None) -> str:
    """The language that the caller says, without its region; training guesses too well to do it here."""
    if not (said or "").strip():
        return ""
    found = _TAG.match(str(said).strip().lower())
    return found[1] if found else "other"


def _one_of(said: str | None, known: tuple[str, ...]) -> str:
    """What was said if it is known, `other` for anything else: people write all sorts of things."""
    value = (said or "").strip().lower()
    return value if value in known or not value else "other"
