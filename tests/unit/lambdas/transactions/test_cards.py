"""The fold through a store: batches, races, faults. The real stores are in tests/integration."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from lambdas.core.breaker import Breaker
from lambdas.core.errors import DependencyDown
from lambdas.transactions import terminals
from lambdas.transactions.cards import TRIES, Cards
from lambdas.transactions.features import FEATURE_NAMES
from lambdas.transactions.later import Update
from lambdas.transactions.profile import decode, encode
from lambdas.transactions.schema import TransactionRequest
from lambdas.transactions.seen import Observed
from lambdas.transactions.store.interface import Versioned
from lambdas.transactions.terminals import Terminal
from tests.support.stores import MemoryStore
from tests.support.transactions import START, Lines, Waiting, observe, offline, stream


class World:
    """Cards on a store in memory."""

    def __init__(self, store: MemoryStore | None = None, **more: Any) -> None:
        self.store = store or MemoryStore()
        self.later = Waiting()
        self.log = Lines()
        self.pauses: list[float] = []
        self.cards = Cards(self.store, self.later, self.log, pause=self.pauses.append, **more)

    def observe(self, updates: list[Update]) -> list[Observed]:
        return observe(self.cards, updates)

    def profile(self, card: str) -> Any:
        return decode(self.store.held[f"card:{card}"].data)


def same(observed: list[Observed], rows: list[tuple[float, ...]]) -> bool:
    return repr([each.features for each in observed]) == repr(rows)


def test_a_batch_is_one_read_and_one_write_and_what_the_offline_fold_says() -> None:
    world, updates = World(), stream(200, cards=9)
    observed = world.observe(updates)
    rows, profiles = offline(updates)
    assert world.store.calls == ["read", "write"]
    assert same(observed, rows)
    assert {card: world.profile(card) for card in profiles} == profiles
    assert [each.category for each in observed] == [update.request.category for update in updates]
    assert all(each.missing == [] for each in observed)


def test_it_does_not_matter_how_the_stream_is_cut_into_batches() -> None:
    updates = stream(300, cards=5)
    world, observed, start = World(), [], 0
    for size in (1, 2, 50, 7, 140, 100):
        observed += world.observe(updates[start : start + size])
        start += size
    assert same(observed, offline(updates)[0])


def test_the_terminals_that_are_known_are_read_with_the_cards() -> None:
    world, updates = World(), stream(200, cards=9)
    bad = Terminal()
    for _ in range(3):
        world.cards.label("shop-7", START.timestamp(), fraud=True)
        bad = terminals.label(bad, START.timestamp(), fraud=True)
    world.store.calls.clear()
    assert same(world.observe(updates), offline(updates, {"shop-7": bad})[0])
    assert world.store.calls == ["read", "write"]


def test_a_repetition_gives_the_same_features_and_writes_nothing() -> None:
    world, updates = World(), stream(1, cards=1)
    first = world.observe(updates)
    assert repr(world.observe(updates)) == repr(first)
    assert world.store.calls == ["read", "write", "read"]
    assert world.profile("card-0").seen == 1


def test_a_lost_race_is_read_and_folded_again() -> None:
    store = MemoryStore()
    world, other = World(store), World(store)
    mine, others = stream(6, cards=1), stream(4, cards=1, seed=2)

    def someone_else_first() -> None:
        store.before_write = lambda: None
        other.observe(others)

    store.before_write = someone_else_first
    observed = world.observe(mine)
    assert same(observed, offline([*others, *mine])[0][4:])
    assert world.profile("card-0").seen == 10
    assert len(world.pauses) == 1


def test_only_the_card_that_lost_is_written_again() -> None:
    store = MemoryStore()
    world, other = World(store), World(store)

    def someone_else_first() -> None:
        store.before_write = lambda: None
        other.observe(stream(1, cards=1, seed=2))

    store.before_write = someone_else_first
    world.observe(stream(100, cards=3))
    assert [store.held[f"card:card-{k}"].version for k in range(3)] == [2, 1, 1]


def test_a_write_whose_answer_was_lost_is_recognised_as_our_own() -> None:
    world, updates = World(), stream(100, cards=3)
    world.store.answer_lost = True
    observed = world.observe(updates)
    assert world.store.calls == ["read", "write", "read"]
    assert same(observed, offline(updates)[0])
    assert sum(world.profile(f"card-{k}").seen for k in range(3)) == 100
    assert world.later.updates == []


def test_a_write_that_was_answered_too_late_is_looked_for_before_it_is_queued() -> None:
    world, updates = World(), stream(100, cards=3)
    world.store.times_out = 1
    observed = world.observe(updates)
    assert world.store.calls == ["read", "write", "read"]
    assert same(observed, offline(updates)[0])
    assert all(each.missing == [] for each in observed)
    assert sum(world.profile(f"card-{k}").seen for k in range(3)) == 100
    assert world.later.updates == []


def test_who_loses_too_often_waits_in_the_queue() -> None:
    store = MemoryStore()
    world, other = World(store), World(store)
    rival = iter(stream(TRIES, cards=1, seed=2))

    def always_someone_first() -> None:
        change, store.before_write = store.before_write, lambda: None
        other.observe([next(rival)])
        store.before_write = change

    store.before_write = always_someone_first
    updates = stream(2, cards=1)
    observed = world.observe(updates)
    assert [each.missing for each in observed] == [["feature_store"]] * 2
    assert [update.request for update in world.later.updates] == [update.request for update in updates]
    assert world.profile("card-0").seen == TRIES


def test_with_the_store_down_the_request_alone_speaks_and_the_update_waits() -> None:
    world, updates = World(), stream(5, cards=2)
    world.store.read_fails = True
    observed = world.observe(updates)
    assert all(each.missing == ["feature_store"] for each in observed)
    known = dict(zip(FEATURE_NAMES, observed[0].features, strict=True))
    assert {name for name, value in known.items() if not math.isnan(value)} == {
        "log_amount", "hour_sin", "hour_cos", "weekend",
    }  # fmt: skip
    assert [each.category for each in observed] == [update.request.category for update in updates]
    assert [update.decision_id for update in world.later.updates] == [u.decision_id for u in updates]
    assert world.log.lines[0][0] == "feature store down"


def test_what_could_be_read_is_used_even_if_it_could_not_be_written() -> None:
    world, updates = World(), stream(10, cards=2)
    world.observe(updates[:5])
    world.store.write_fails = True
    observed = world.observe(updates[5:])
    assert same(observed, offline(updates)[0][5:])
    assert all(each.missing == ["feature_store"] for each in observed)
    assert len(world.later.updates) == 5


def test_updates_that_waited_are_caught_up_with() -> None:
    world, updates = World(), stream(60, cards=3)
    world.observe(updates[:20])
    world.store.read_fails = True
    world.observe(updates[20:40])
    assert world.cards.catch_up(world.later.updates) == [False] * 20
    world.store.read_fails = False
    assert world.cards.catch_up(world.later.updates) == [True] * 20
    world.observe(updates[40:])
    profiles = offline([*updates[:20], *world.later.updates, *updates[40:]])[1]
    assert {card: world.profile(card) for card in profiles} == profiles


def test_what_waited_at_different_times_is_caught_up_with_in_one_go_and_all_of_a_card_or_none() -> None:
    world, updates = World(), stream(10, cards=1)
    assert len({update.received for update in updates}) == 10
    assert world.cards.catch_up(updates) == [True] * 10
    assert world.store.calls == ["read", "write"]
    world.store.write_fails = True
    assert world.cards.catch_up(stream(10, cards=1, seed=3)) == [False] * 10


def test_the_breaker_leaves_a_dead_store_alone_and_tries_again_later() -> None:
    now = [0.0]
    world = World(breaker=Breaker("the store", failures=2, rest=10.0, clock=lambda: now[0]))
    world.store.read_fails = True
    for update in stream(5, cards=1):
        world.observe([update])
    assert world.store.calls == ["read"] * 2
    assert len(world.later.updates) == 5
    now[0], world.store.read_fails = 11.0, False
    assert world.observe(stream(1, cards=1, seed=3))[0].missing == []


@pytest.mark.parametrize("data", [b"garbage", encode(decode(b"\x91\x01"))[:20]])
def test_an_unreadable_profile_is_kept_as_it_is_and_only_its_card_is_degraded(data: bytes) -> None:
    world, updates = World(), stream(40, cards=2)
    world.store.held["card:card-0"] = Versioned(7, data)
    observed = world.observe(updates)
    for update, each in zip(updates, observed, strict=True):
        assert each.missing == (["feature_store"] if update.request.card_id == "card-0" else [])
    assert world.store.held["card:card-0"] == Versioned(7, data)
    assert {update.request.card_id for update in world.later.updates} == {"card-0"}
    assert world.log.lines[0][0] == "profile unreadable"


def test_an_unreadable_terminal_is_one_of_which_nothing_is_known() -> None:
    world, updates = World(), stream(50, cards=2)
    world.store.held["terminal:shop-1"] = Versioned(1, b"\xc1")
    assert same(world.observe(updates), offline(updates)[0])


def test_labels_add_up_when_two_write_at_once() -> None:
    store = MemoryStore()
    world, other = World(store), World(store)
    at = START.timestamp()

    def someone_else_first() -> None:
        store.before_write = lambda: None
        other.cards.label("shop", at, fraud=False)

    store.before_write = someone_else_first
    world.cards.label("shop", at, fraud=True)
    found = terminals.decode(store.held["terminal:shop"].data)
    assert (found.labels_28d, found.frauds_28d) == (2, 1)


@pytest.mark.parametrize("fault", ["answer_lost", "times_out"])
def test_a_label_whose_answer_was_lost_counts_once(fault: str) -> None:
    world = World()
    setattr(world.store, fault, 1)
    world.cards.label("shop", START.timestamp(), fraud=True)
    assert terminals.decode(world.store.held["terminal:shop"].data).labels_28d == 1


def test_a_label_that_cannot_be_stored_is_an_error() -> None:
    world = World()
    world.store.write_fails = True
    with pytest.raises(DependencyDown):
        world.cards.label("shop", START.timestamp(), fraud=True)


def test_an_event_without_a_time_happened_when_it_was_received() -> None:
    world = World()
    request = TransactionRequest("c", 5.0)
    world.observe([Update(request, "a", START)])
    again = world.observe([Update(request, "b", START + timedelta(seconds=99))])
    named = dict(zip(FEATURE_NAMES, again[0].features, strict=True))
    assert named["log_since_last"] == pytest.approx(math.log(100))
