"""What the service asks of the cards' history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from lambdas.transactions.event import event_of
from lambdas.transactions.features import request_only
from lambdas.transactions.schema import TransactionRequest


class Observed(NamedTuple):
    """The features of one event, in the order of FEATURE_NAMES.

    `history` is False when the feature store was down, and they are those of the request alone.
    """

    features: tuple[float, ...]
    history: bool


class History(Protocol):
    """What is remembered of the cards; `lambdas.transactions.cards.Cards` over the feature store."""

    def observe(
        self, requests: Sequence[TransactionRequest], ids: Sequence[str], received: datetime
    ) -> Sequence[Observed]:
        """The features of each request, in order, and the cards' history brought up to date."""
        ...


class NoHistory:
    """Remembers nothing: every transaction is judged by what it says itself."""

    def observe(
        self, requests: Sequence[TransactionRequest], ids: Sequence[str], received: datetime
    ) -> list[Observed]:
        """The features of the requests alone."""
        return [
            Observed(request_only(event_of(request, own, received)), history=False)
            for request, own in zip(requests, ids, strict=True)
        ]
