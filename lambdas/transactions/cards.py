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
from typing import Final

import msgspec

from lambdas.core.breaker import Breaker
from lambdas.core.errors import DependencyDown
from lambdas.transactions import profile as profiles
from lambdas.transactions import terminals
from lambdas.transactions.event import hash_of
from lambdas.transactions.later import Later, Log, Update
from lambdas.transactions.profile import Profile, ProfileUnreadable
from lambdas.transactions.seen import Folded, Seen
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

    def look(self, updates: Sequence[Update]) -> Seen:
        """The features of each of `updates`; those of a card in order.

        Nothing is written: that is `settle`, once it is known which of them were decided. Does not raise.
        """
        seen = Seen(updates)
        try:
            self._breaker.call(lambda: self._read(seen, _merchants(updates)))
        except DependencyDown as error:
            self._down(seen, error)
        return seen

    def settle(self, seen: Seen, kept: Sequence[int]) -> list[int]:
        """Bring the profiles up to date with the events of `seen` at `kept`, and with no others.

        Returns the indices of those whose profile could not be written: they wait for later. Does not raise.
        """
        seen.keep(kept)
        waiting = self._write(seen)
        if waiting:
            self._later.put([seen.updates[index] for index in waiting])
        return waiting

    def catch_up(self, updates: Sequence[Update]) -> list[bool]:
        """Fold `updates` that had to wait, in order per card; False for each that must wait on."""
        waiting = set(self._write(self.look(updates)))
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
            terminal = seen.terminals.get(seen.updates[index].request.merchant_id or "")
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


def _merchants(updates: Sequence[Update]) -> list[str]:
    named = (each.request.merchant_id for each in updates)
    return list(dict.fromkeys(name for name in named if name))


def _card(card_id: str) -> str:
    return f"card:{card_id}"


def _terminal(merchant_id: str) -> str:
    return f"terminal:{merchant_id}"
