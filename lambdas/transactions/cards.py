"""The history of cards, live: each transaction's features, and the profiles that have seen it.

A batch is one read of all its cards and terminals and a fold in order per card (`look`), and one write once
the decisions are in the log (`settle`): what comes again because the log was down, or what it refuses,
finds the profiles as they were. A card whose profile somebody else wrote in between is read and folded
again, so no update is lost. When the store is down the features are what the request alone says, and the
updates wait in a queue.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from lambdas.core.breaker import Breaker
from lambdas.core.errors import DependencyDown
from lambdas.transactions import profile as profiles
from lambdas.transactions import terminals
from lambdas.transactions.event import hash_of
from lambdas.transactions.later import Later, Log, Update
from lambdas.transactions.profile import Profile, ProfileUnreadable
from lambdas.transactions.schema import TransactionRequest
from lambdas.transactions.seen import FEATURE_STORE, Folded, Observed, Seen
from lambdas.transactions.store.interface import ABSENT, Change, FeatureStore, Versioned
from lambdas.transactions.terminals import Terminal

TRIES: Final = 16
"""Reads of a card whose writes lose a race, before it counts as if the store were down."""
LONGEST_PAUSE: Final = 0.032


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

    def look(self, requests: Sequence[TransactionRequest], ids: Sequence[str], received: datetime) -> Seen:
        """The features of each of `requests`, whose decision ids are `ids`; those of a card in order.

        Nothing is written: that is `settle`, once it is known which of them were decided. Does not raise.
        """
        seen = Seen(requests, ids, received)
        try:
            self._breaker.call(lambda: self._read(seen, _merchants(requests)))
        except DependencyDown as error:
            self._down(seen, error)
        return seen

    def settle(self, seen: Seen, kept: Sequence[int]) -> None:
        """Bring the profiles up to date with the events of `seen` at `kept`, and with no others.

        Where a profile could not be written the update waits for later. Does not raise.
        """
        seen.keep(kept)
        self._wait_for(seen, self._write(seen))

    def observe(
        self, requests: Sequence[TransactionRequest], ids: Sequence[str], received: datetime
    ) -> list[Observed]:
        """`look` and `settle` of all in one: `missing` also says which updates wait for later."""
        seen = self.look(requests, ids, received)
        waiting = self._write(seen)
        self._wait_for(seen, waiting)
        observed = seen.observed()
        for index in waiting:
            observed[index] = observed[index]._replace(missing=[FEATURE_STORE])
        return observed

    def catch_up(self, updates: Sequence[Update]) -> list[bool]:
        """Fold `updates` that had to wait, in order per card; False for each that must wait on."""
        waiting: set[int] = set()
        for start, stop in _of_one_time(updates):
            part = updates[start:stop]
            seen = self.look(
                [update.request for update in part], [update.decision_id for update in part], part[0].received
            )
            waiting.update(start + index for index in self._write(seen))
        return [index not in waiting for index in range(len(updates))]

    def label(self, merchant_id: str, at: float, fraud: bool, decision_id: str | None = None) -> None:
        """Tell the terminal whether its transaction of the time `at` was fraud. Raises DependencyDown.

        With its `decision_id` a label that comes again counts once, and a corrected one replaces the first.
        """
        key = 0 if decision_id is None else hash_of(decision_id)
        tried: Versioned | None = None
        looked_again = False
        for attempt in range(TRIES):
            self._wait(attempt)
            found = self._breaker.call(lambda: self._store.read([_terminal(merchant_id)]))[0]
            if found == tried:
                return  # our own write, whose answer was lost
            known = self._decoded(merchant_id, found) or Terminal()
            told = terminals.label(known, at, fraud, key)
            if told is known:
                return  # it was told before
            data = terminals.encode(told)
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

    def _write(self, seen: Seen) -> list[int]:
        """Write what is left of `seen`; returns the indices of the events that could not be stored."""
        looked_again = False
        for attempt in range(TRIES if seen.was_read else 0):
            if not seen.left:
                break
            self._wait(attempt)
            try:
                self._breaker.call(lambda attempt=attempt: self._round(seen, again=attempt > 0))  # type: ignore[misc]
            except DependencyDown as error:
                if seen.in_doubt and not looked_again:
                    looked_again = True  # or an update that did happen would be queued and fold twice
                    continue
                self._down(seen, error)
                break
        return sorted([index for members in seen.left.values() for index in members] + seen.unreadable)

    def _wait_for(self, seen: Seen, waiting: Sequence[int]) -> None:
        if waiting:
            self._later.put(seen.updates(waiting))

    def _down(self, seen: Seen, error: DependencyDown) -> None:
        extra = {"detail": error.detail, "events": len(seen.events)}
        self._log.error("feature store down", extra=extra)

    def _wait(self, attempt: int) -> None:
        """Make it unlikely that writers who met once meet again."""
        if attempt:
            self._pause(random.uniform(0.0, min(0.001 * 2**attempt, LONGEST_PAUSE)))  # noqa: S311

    def _read(self, seen: Seen, merchants: Sequence[str]) -> None:
        """Read and fold the cards that are left, and read the terminals. Raises DependencyDown."""
        cards = list(seen.left)
        found = self._store.read([*map(_card, cards), *map(_terminal, merchants)])
        for merchant, stored in zip(merchants, found[len(cards) :], strict=True):
            if (known := self._decoded(merchant, stored)) is not None:
                seen.terminals[merchant] = known
        seen.was_read = True
        for card, stored in zip(cards, found, strict=False):
            if seen.tried.get(card) == stored:
                del seen.left[card]  # our own write, whose answer was lost
            else:
                self._fold(seen, card, stored)

    def _fold(self, seen: Seen, card: str, stored: Versioned) -> None:
        """Fold what is left of `card` into what stands in the store."""
        try:
            before = profiles.decode(stored.data) if stored.version else profiles.NEW
        except ProfileUnreadable as error:
            self._log.error("profile unreadable", extra={"detail": error.detail, "card": card})
            seen.unreadable += seen.left.pop(card)
            return
        seen.folded[card] = self._after(seen, stored.version, before, seen.left[card])

    @staticmethod
    def _after(seen: Seen, version: int, before: Profile, members: list[int]) -> Folded:
        """`before` with the events at `members`, whose features are noted."""
        after = before
        for index in members:
            terminal = seen.terminals.get(seen.requests[index].merchant_id or "")
            seen.rows[index], after = profiles.observe(after, seen.events[index], terminal)
        return Folded(version, before, after, list(members))

    def _round(self, seen: Seen, *, again: bool) -> None:
        """Write the cards of `seen` that are left; losers are read `again`. Raises DependencyDown."""
        seen.in_doubt = False
        if again:
            self._read(seen, [])
        changes: dict[str, Change] = {}
        for card, members in list(seen.left.items()):
            folded = seen.folded[card]
            if folded.members != members:  # some of them are not to be seen
                folded = self._after(seen, folded.version, folded.before, members)
            if folded.after is folded.before:
                del seen.left[card]  # nothing but repetitions
            else:
                changes[card] = Change(_card(card), folded.version, profiles.encode(folded.after))
        if not changes:
            return
        seen.tried = {card: Versioned(change.version + 1, change.data) for card, change in changes.items()}
        seen.in_doubt = True
        written = self._store.write(list(changes.values()))
        seen.in_doubt = False
        for card, done in zip(changes, written, strict=True):
            if done:
                del seen.left[card]

    def _decoded(self, merchant: str, stored: Versioned) -> Terminal | None:
        if stored.version == ABSENT.version:
            return None
        try:
            return terminals.decode(stored.data)
        except msgspec.DecodeError as error:
            self._log.error("terminal unreadable", extra={"detail": str(error), "merchant": merchant})
            return None


def _of_one_time(updates: Sequence[Update]) -> list[tuple[int, int]]:
    """Runs of updates that were received together, as (start, stop)."""
    runs: list[tuple[int, int]] = []
    for index, update in enumerate(updates):
        if runs and update.received == updates[runs[-1][0]].received:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


def _merchants(requests: Sequence[TransactionRequest]) -> list[str]:
    return list(dict.fromkeys(request.merchant_id for request in requests if request.merchant_id))


def _card(card_id: str) -> str:
    return f"card:{card_id}"


def _terminal(merchant_id: str) -> str:
    return f"terminal:{merchant_id}"
