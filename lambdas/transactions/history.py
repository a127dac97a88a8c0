"""What the service asks of the cards' history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from lambdas.transactions.cards import FEATURE_STORE, Observed
from lambdas.transactions.event import event_of
from lambdas.transactions.features import request_only
from lambdas.transactions.schema import TransactionRequest


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
            Observed(request_only(event_of(request, own, received)), request.category, [FEATURE_STORE])
            for request, own in zip(requests, ids, strict=True)
        ]
