"""What the service asks of the cards' history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from lambdas.transactions.schema import TransactionRequest
from lambdas.transactions.seen import Seen


class History(Protocol):
    """What is remembered of the cards; `lambdas.transactions.cards.Cards` over the feature store."""

    def look(self, requests: Sequence[TransactionRequest], ids: Sequence[str], received: datetime) -> Seen:
        """The features of each request, in order; the cards' history stays as it is."""
        ...

    def settle(self, seen: Seen, kept: Sequence[int]) -> None:
        """Bring the cards' history up to date with the requests at `kept`."""
        ...


class NoHistory:
    """Remembers nothing: every transaction is judged by what it says itself."""

    def look(self, requests: Sequence[TransactionRequest], ids: Sequence[str], received: datetime) -> Seen:
        """The features of the requests alone."""
        return Seen(requests, ids, received)

    def settle(self, seen: Seen, kept: Sequence[int]) -> None:
        """Nothing is to be remembered."""
