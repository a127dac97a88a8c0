"""Cards' history in memory, by the same fold as everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lambdas.transactions.event import event_of
from lambdas.transactions.features import request_only
from lambdas.transactions.history import Observed
from lambdas.transactions.profile import NEW, Profile, observe
from lambdas.transactions.schema import TransactionRequest


class MemoryHistory:
    """Folds each card's events; with `down` it knows nothing, and `calls` counts how often it was asked."""

    def __init__(self) -> None:
        self.profiles: dict[str, Profile] = {}
        self.down = False
        self.calls = 0

    def observe(
        self, requests: Sequence[TransactionRequest], ids: Sequence[str], received: datetime
    ) -> list[Observed]:
        self.calls += 1
        out = []
        for request, own in zip(requests, ids, strict=True):
            event = event_of(request, own, received)
            if self.down:
                out.append(Observed(request_only(event), history=False))
                continue
            features, self.profiles[request.card_id] = observe(self.profiles.get(request.card_id, NEW), event)
            out.append(Observed(features, history=True))
        return out
