"""Writers of one card, each a process of its own."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from typing import NamedTuple

from lambdas.transactions.cards import Cards
from lambdas.transactions.later import Update
from lambdas.transactions.schema import TransactionRequest
from lambdas.transactions.store.redis import RedisStore
from tests.support.transactions import START, Lines, Waiting, observe

CARD = "everybody's"


class Written(NamedTuple):
    """What one writer saw: how often it lost a race, and what had to wait."""

    races: int
    waiting: list[Update]


def write(url: str, writer: int, events: int, most: int) -> Written:
    """Send `events` of the one card through Cards in batches of up to `most`, each of 1 unit of money."""
    rng = random.Random(writer)  # noqa: S311 - not for secrets
    races: list[float] = []
    later = Waiting()

    class Counted(RedisStore):
        """Counts lost races."""

        def write(self, changes):
            done = super().write(changes)
            races.extend([1.0] * done.count(False))
            return done

    cards = Cards(Counted(lambda: url, timeout=10.0), later, Lines())
    sent = 0
    while sent < events:
        size = min(rng.randint(1, most), events - sent)
        names = [f"{writer}-{sent + k}" for k in range(size)]
        received = START + timedelta(seconds=sent * 0.25)
        requests = [TransactionRequest(CARD, 1.0, transaction_id=name, at=received) for name in names]
        observe(cards, [Update(*pair, received) for pair in zip(requests, names, strict=True)])
        sent += size
    return Written(len(races), later.updates)


def write_together(url: str, *, writers: int, events: int, most: int) -> list[Written]:
    """`writers` processes at once, each with `events`."""
    with ProcessPoolExecutor(writers, mp_context=get_context("spawn")) as pool:
        sent = [pool.submit(write, url, number, events, most) for number in range(writers)]
        return [each.result() for each in sent]
