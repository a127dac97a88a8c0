"""What the fold over a card's history sees of one transaction."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NamedTuple

from lambdas.transactions.schema import TransactionRequest


class Event(NamedTuple):
    """One transaction of one card.

    `key` tells it from the card's others (64 bits of a hash of its id); `at` is in seconds since 1970, UTC.
    `merchant` and `category` are 64-bit hashes, 0 where not said. `home` is what the caller says about the
    holder's home, None where it is to be learned from the history.
    """

    key: int
    at: float
    amount: float
    merchant: int = 0
    category: int = 0
    place: tuple[float, float] | None = None
    home: tuple[float, float] | None = None


def hash_of(text: str | None) -> int:
    """A stable positive 63-bit number for `text`, 0 for None."""
    if text is None:
        return 0
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def event_of(request: TransactionRequest, decision_id: str, received: datetime) -> Event:
    """`request` as the fold sees it; an event without a time of its own happened when it was received."""
    return Event(
        key=hash_of(decision_id),
        at=(request.at or received).timestamp(),
        amount=request.amount,
        merchant=hash_of(request.merchant_id),
        category=hash_of(request.category),
        place=_pair(request.latitude, request.longitude),
        home=_pair(request.home_latitude, request.home_longitude),
    )


def _pair(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    return None if latitude is None or longitude is None else (latitude, longitude)
