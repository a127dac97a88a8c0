"""Transactions for tests of the card profiles, and what the offline fold makes of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from lambdas.transactions import profile
from lambdas.transactions.cards import Cards
from lambdas.transactions.event import event_of
from lambdas.transactions.later import Update
from lambdas.transactions.profile import NEW, Profile
from lambdas.transactions.schema import TransactionRequest
from lambdas.transactions.seen import FEATURE_STORE, Observed
from lambdas.transactions.terminals import Terminal

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
CATEGORIES = ("fuel", "grocery", "travel", None)


def stream(count: int, *, cards: int, seed: int = 1) -> list[Update]:
    """`count` transactions of some cards in the order of arrival; some are late, some lack parts."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    found, at = [], START
    for index in range(count):
        at += timedelta(seconds=rng.expovariate(1 / 600))
        card = rng.randrange(cards)
        placed = rng.random() < 0.8
        request = TransactionRequest(
            card_id=f"card-{card}",
            amount=round(rng.lognormvariate(3, 1), 2),
            transaction_id=f"{seed}-{index}",
            at=at - timedelta(seconds=rng.choice((0, 0, 0, 0, 200, 8_000, 200_000))),
            merchant_id=rng.choice((None, f"shop-{rng.randrange(60)}")),
            category=rng.choice(CATEGORIES),
            latitude=48.0 + card % 7 + rng.gauss(0, 0.2) if placed else None,
            longitude=2.0 + card % 9 + rng.gauss(0, 0.2) if placed else None,
        )
        found.append(Update(request, f"transactions.{seed}-{index}", at))
    return found


def offline(
    updates: Sequence[Update], terminals: dict[str, Terminal] | None = None
) -> tuple[list[tuple[float, ...]], dict[str, Profile]]:
    """The features of `updates` and the profiles at their end, without any store."""
    known = terminals or {}
    profiles: dict[str, Profile] = {}
    rows = []
    for update in updates:
        card, merchant = update.request.card_id, update.request.merchant_id or ""
        event = event_of(update.request, update.decision_id, update.received)
        row, profiles[card] = profile.observe(profiles.get(card, NEW), event, known.get(merchant))
        rows.append(row)
    return rows, profiles


def observe(cards: Cards, updates: Sequence[Update]) -> list[Observed]:
    """Look and settle in one; `missing` also says which updates wait for later."""
    seen = cards.look(updates)
    waiting = cards.settle(seen, range(len(updates)))
    observed = seen.observed()
    for index in waiting:
        observed[index] = observed[index]._replace(missing=[FEATURE_STORE])
    return observed


class Waiting:
    """Implements Later: keeps what it is given."""

    def __init__(self) -> None:
        self.updates: list[Update] = []

    def put(self, updates: Sequence[Update]) -> None:
        self.updates += updates


class Lines:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def error(self, message: object, /, *, extra: dict[str, object]) -> None:
        self.lines.append((str(message), extra))

    info = error
