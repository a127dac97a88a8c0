"""Cards on a real Valkey: online = offline, many writers, a store that stops, is slow, and comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambdas.core.aws import Dynamo
from lambdas.core.breaker import Breaker
from lambdas.transactions import terminals
from lambdas.transactions.cards import Cards
from lambdas.transactions.later import Update
from lambdas.transactions.profile import Profile, decode
from lambdas.transactions.seen import Observed
from lambdas.transactions.store.dynamo import DynamoStore
from lambdas.transactions.store.redis import RedisStore
from lambdas.transactions.terminals import Terminal
from tests.support.transactions import START, Lines, Waiting, observe, offline, stream
from tests.support.valkey import valkey
from tests.support.wire import silent
from tests.support.writers import CARD, write_together

pytestmark = pytest.mark.integration
AT = START.timestamp()


class Live:
    """Cards on the Valkey at `url`."""

    def __init__(self, url: str, *, timeout: float = 10.0, **more: Any) -> None:
        self.store = RedisStore(lambda: url, timeout=timeout)
        self.later, self.log = Waiting(), Lines()
        self.cards = Cards(self.store, self.later, self.log, **more)

    def observe(self, updates: list[Update]) -> list[Observed]:
        return observe(self.cards, updates)

    def in_batches(self, updates: list[Update], sizes: tuple[int, ...] = (1, 10, 3, 100)) -> list[Observed]:
        observed: list[Observed] = []
        while len(observed) < len(updates):
            start = len(observed)
            observed += self.observe(updates[start : start + sizes[start % len(sizes)]])
        return observed

    def profiles(self, names: list[str]) -> dict[str, Profile]:
        found = self.store.read([f"card:{name}" for name in names])
        return {name: decode(each.data) for name, each in zip(names, found, strict=True)}


def test_online_is_offline_to_the_last_bit(valkey_url: str) -> None:
    live, updates = Live(valkey_url), stream(6_000, cards=40)
    known: dict[str, Terminal] = {}
    for k in range(60):
        live.cards.label(f"shop-{k % 9}", AT + k, fraud=k % 4 == 0)
        before = known.get(f"shop-{k % 9}", Terminal())
        known[f"shop-{k % 9}"] = terminals.label(before, AT + k, k % 4 == 0)
    observed = live.in_batches(updates)
    rows, profiles = offline(updates, known)
    differences = [k for k, each in enumerate(observed) if repr(each.features) != repr(rows[k])]
    assert differences == []
    assert all(each.missing == [] for each in observed)
    assert live.profiles(list(profiles)) == profiles
    assert live.later.updates == []


def test_online_is_offline_on_dynamodb_too(feature_table: str) -> None:
    store = DynamoStore(feature_table, lambda: Dynamo(timeout=10.0))
    cards, updates = Cards(store, Waiting(), Lines()), stream(400, cards=15)
    rows, profiles = offline(updates)
    for start in range(0, 400, 40):
        part = updates[start : start + 40]
        observed = observe(cards, part)
        assert [repr(each.features) for each in observed] == [repr(row) for row in rows[start : start + 40]]
    found = store.read([f"card:{name}" for name in profiles])
    assert [decode(each.data) for each in found] == list(profiles.values())


def test_8_writers_of_80_000_events_of_one_card_lose_none(valkey_url: str) -> None:
    written = write_together(valkey_url, writers=8, events=10_000, most=40)
    assert sum(each.races for each in written) > 0
    live = Live(valkey_url)
    waiting = [update for each in written for update in each.waiting]
    assert live.profiles([CARD])[CARD].seen == 80_000 - len(waiting)
    for update in waiting:  # whoever lost too many races
        assert live.cards.catch_up([update]) == [True]
    profile = live.profiles([CARD])[CARD]
    assert profile.seen == 80_000
    assert (profile.day_counts, profile.day_cents) == ((80_000,), (8_000_000,))


def test_two_who_label_one_terminal_at_once_lose_nothing(valkey_url: str) -> None:
    one, other = Live(valkey_url), Live(valkey_url)
    for k in range(50):
        one.cards.label("shop", AT, fraud=True)
        other.cards.label("shop", AT, fraud=k % 2 == 0)
    found = terminals.decode(one.store.read(["terminal:shop"])[0].data)
    assert (found.labels_28d, found.frauds_28d) == (100, 75)


def test_a_store_that_stops_and_starts_again_ends_as_if_it_never_had(tmp_path: Path) -> None:
    updates = stream(900, cards=12)
    now = [0.0]
    with valkey(tmp_path) as server:
        live = Live(server.url, breaker=Breaker("the store", rest=10.0, clock=lambda: now[0]))
        before = live.in_batches(updates[:300])
        server.stop()
        during = live.in_batches(updates[300:600], sizes=(7,))
        server.start()
        assert all(each.missing == ["feature_store"] for each in during)
        assert [each.request for each in live.later.updates] == [each.request for each in updates[300:600]]
        assert live.cards.catch_up(live.later.updates) == [False] * 300  # the breaker has not heard of it yet
        now[0] = 11.0
        for start in range(0, 300, 10):
            assert live.cards.catch_up(updates[300 + start : 310 + start]) == [True] * 10
        after = live.in_batches(updates[600:])
        rows, profiles = offline(updates)
        assert [repr(each.features) for each in before] == [repr(row) for row in rows[:300]]
        assert [repr(each.features) for each in after] == [repr(row) for row in rows[600:]]
        assert live.profiles(list(profiles)) == profiles


def test_a_store_that_never_answers_is_left_alone_after_three_tries() -> None:
    with silent() as server:
        live = Live(f"redis://127.0.0.1:{server.port}", timeout=0.03)
        observed = live.in_batches(stream(50, cards=3), sizes=(5,))
        assert server.accepted() == 3
    assert all(each.missing == ["feature_store"] for each in observed)
    assert len(live.later.updates) == 50
    said = [extra["detail"] for _, extra in live.log.lines]
    assert said[0] == "the feature store did not answer: timed out"
    assert said[-1] == "the feature store is left alone after 3 failures"
