"""The history of cards, live: each transaction's features, and the profiles that have seen it.

A batch is one read of all its cards and terminals, a fold in order per card, and one write. A card whose
profile somebody else wrote in between is read and folded again, so no update is lost. When the store is
down the features are what the request alone says, and the updates wait in a queue.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from lambdas.core.breaker import Breaker
from lambdas.core.errors import DependencyDown
from lambdas.transactions import profile as profiles
from lambdas.transactions import terminals
from lambdas.transactions.event import Event, event_of
from lambdas.transactions.features import request_only
from lambdas.transactions.later import Later, Log, Update
from lambdas.transactions.profile import ProfileUnreadable
from lambdas.transactions.schema import TransactionRequest
from lambdas.transactions.store.interface import ABSENT, Change, FeatureStore, Versioned
from lambdas.transactions.terminals import Terminal

FEATURE_STORE: Final = "feature_store"
TRIES: Final = 16
"""Reads of a card whose writes lose a race, before it counts as if the store were down."""
LONGEST_PAUSE: Final = 0.032

Row = tuple[float, ...]


class Observed(NamedTuple):
    """A transaction's features, the name of its category, and what was missing for full features."""

    features: Row
    category: str | None
    missing: list[str]


@dataclass
class _Batch:
    """What is known so far of a batch of events that are being folded."""

    requests: Sequence[TransactionRequest]
    events: Sequence[Event]
    left: dict[str, list[int]] = field(default_factory=dict)
    """By card, the indices of the events that its profile has not seen."""
    unreadable: list[int] = field(default_factory=list)
    rows: dict[int, Row] = field(default_factory=dict)
    terminals: dict[str, Terminal] | None = None
    tried: dict[str, Versioned] = field(default_factory=dict)
    """What would stand in the store if the last write of a card had succeeded."""
    in_doubt: bool = False
    """The last write was sent and not answered: it may have happened."""

    def __post_init__(self) -> None:
        for index, request in enumerate(self.requests):
            self.left.setdefault(request.card_id, []).append(index)


class Cards:
    """The fold over all cards, on a feature store. Not for several threads at once."""

    def __init__(
        self,
        store: FeatureStore,
        later: Later,
        log: Log,
        *,
        breaker: Breaker | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._later = later
        self._log = log
        self._breaker = breaker or Breaker("the feature store")
        self._pause = pause

    def observe(
        self, requests: Sequence[TransactionRequest], ids: Sequence[str], received: datetime
    ) -> list[Observed]:
        """The features of each of `requests`, whose decision ids are `ids`; those of a card in order.

        Where the profile could not be read or written, `missing` says so and the update waits for later; the
        features are the full ones if it could at least be read. Does not raise.
        """
        events = [event_of(request, own, received) for request, own in zip(requests, ids, strict=True)]
        rows, left = self._fold(requests, events)
        if left:
            self._later.put([Update(requests[index], ids[index], received) for index in left])
        lacking = set(left)
        return [
            Observed(
                rows[index] if index in rows else request_only(events[index]),
                request.category,
                [FEATURE_STORE] if index in lacking else [],
            )
            for index, request in enumerate(requests)
        ]

    def catch_up(self, updates: Sequence[Update]) -> list[bool]:
        """Fold `updates` that had to wait, in order per card; False for each that must wait on."""
        requests = [update.request for update in updates]
        events = [event_of(update.request, update.decision_id, update.received) for update in updates]
        left = set(self._fold(requests, events)[1])
        return [index not in left for index in range(len(updates))]

    def label(self, merchant_id: str, at: float, fraud: bool) -> None:
        """Tell the terminal whether its transaction of the time `at` was fraud. Raises DependencyDown."""
        tried: Versioned | None = None
        looked_again = False
        for attempt in range(TRIES):
            self._wait(attempt)
            found = self._breaker.call(lambda: self._store.read([_terminal(merchant_id)]))[0]
            if found == tried:
                return  # our own write, whose answer was lost
            known = self._decoded(merchant_id, found) or Terminal()
            data = terminals.encode(terminals.label(known, at, fraud))
            tried = Versioned(found.version + 1, data)
            change = Change(_terminal(merchant_id), found.version, data)
            try:
                if self._breaker.call(lambda change=change: self._store.write([change]))[0]:  # type: ignore[misc]
                    return
            except DependencyDown:
                if looked_again:
                    raise
                looked_again = True  # it may have happened
        raise DependencyDown(f"the terminal was written by others {TRIES} times in a row")

    def _fold(
        self, requests: Sequence[TransactionRequest], events: Sequence[Event]
    ) -> tuple[dict[int, Row], list[int]]:
        """Features by index for the events whose card was read, and the indices of those not stored."""
        batch = _Batch(requests, events)
        looked_again = False
        for attempt in range(TRIES):
            self._wait(attempt)
            try:
                self._breaker.call(lambda: self._round(batch))
            except DependencyDown as error:
                if batch.in_doubt and not looked_again:
                    looked_again = True  # or an update that did happen would be queued and fold twice
                    continue
                self._log.error("feature store down", extra={"detail": error.detail, "events": len(events)})
                break
            if not batch.left:
                break
        left = [index for members in batch.left.values() for index in members]
        return batch.rows, sorted(left + batch.unreadable)

    def _wait(self, attempt: int) -> None:
        """Make it unlikely that writers who met once meet again."""
        if attempt:
            self._pause(random.uniform(0.0, min(0.001 * 2**attempt, LONGEST_PAUSE)))  # noqa: S311

    def _round(self, batch: _Batch) -> None:
        """Read, fold and write the cards of `batch` that are left. Raises DependencyDown."""
        cards = list(batch.left)
        batch.in_doubt = False
        merchants = [] if batch.terminals is not None else _merchants(batch.requests)
        keys = [*map(_card, cards), *map(_terminal, merchants)]
        found = self._store.read(keys)
        if batch.terminals is None:
            known = zip(merchants, found[len(cards) :], strict=True)
            batch.terminals = {
                name: decoded
                for name, stored in known
                if (decoded := self._decoded(name, stored)) is not None
            }
        changes: dict[str, Change] = {}
        for card, stored in zip(cards, found, strict=False):
            if batch.tried.get(card) == stored:
                del batch.left[card]  # our own write, whose answer was lost
            elif (change := self._folded(batch, card, stored)) is not None:
                changes[card] = change
        if not changes:
            return
        batch.tried = {card: Versioned(change.version + 1, change.data) for card, change in changes.items()}
        batch.in_doubt = True
        written = self._store.write(list(changes.values()))
        batch.in_doubt = False
        for card, done in zip(changes, written, strict=True):
            if done:
                del batch.left[card]

    def _folded(self, batch: _Batch, card: str, stored: Versioned) -> Change | None:
        """The write that `card` needs after its events; None when it needs none or cannot have one."""
        members = batch.left[card]
        try:
            before = profiles.decode(stored.data) if stored.version else profiles.NEW
        except ProfileUnreadable as error:
            self._log.error("profile unreadable", extra={"detail": error.detail, "card": card})
            batch.unreadable += batch.left.pop(card)
            return None
        after = before
        known = batch.terminals or {}
        for index in members:
            terminal = known.get(batch.requests[index].merchant_id or "")
            batch.rows[index], after = profiles.observe(after, batch.events[index], terminal)
        if after is before:
            del batch.left[card]  # nothing but repetitions
            return None
        return Change(_card(card), stored.version, profiles.encode(after))

    def _decoded(self, merchant: str, stored: Versioned) -> Terminal | None:
        if stored.version == ABSENT.version:
            return None
        try:
            return terminals.decode(stored.data)
        except msgspec.DecodeError as error:
            self._log.error("terminal unreadable", extra={"detail": str(error), "merchant": merchant})
            return None


def _merchants(requests: Sequence[TransactionRequest]) -> list[str]:
    return list(dict.fromkeys(request.merchant_id for request in requests if request.merchant_id))


def _card(card_id: str) -> str:
    return f"card:{card_id}"


def _terminal(merchant_id: str) -> str:
    return f"terminal:{merchant_id}"
