"""What holds of the fold whatever a card does: pure, bounded, exact in bytes, and right by a plain count."""

from __future__ import annotations

import math
import random
from struct import pack

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.transactions import card_state
from lambdas.transactions.event import Event
from lambdas.transactions.features import FEATURE_NAMES, PACKED
from lambdas.transactions.profile import MOST_BYTES, NEW, Profile, decode, encode, observe
from lambdas.transactions.terminals import Terminal

START = 1_780_000_000.0
DAY = 86_400.0

places = st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180))
events = st.builds(
    Event,
    key=st.integers(0, 40) | st.integers(0, 2**63 - 1),
    at=st.floats(START - 60 * DAY, START + 60 * DAY) | st.floats(START, START + DAY) | st.just(START),
    amount=st.floats(0, 1e6),
    merchant=st.integers(0, 50) | st.integers(0, 2**63 - 1),
    category=st.integers(0, 30) | st.integers(0, 2**63 - 1),
    place=places,
    home=places,
)
terminals = st.none() | st.builds(
    Terminal, st.floats(0, 4e9), *[st.floats(0, 100)] * 6
)  # fmt: skip


@given(st.lists(st.tuples(events, terminals), max_size=120))
@settings(deadline=None, max_examples=60)
def test_the_fold_is_pure_bounded_and_survives_its_bytes(
    history: list[tuple[Event, Terminal | None]],
) -> None:
    profile = NEW
    for event, terminal in history:
        data = encode(profile)
        features, after = observe(profile, event, terminal)
        stored = decode(data)
        assert stored == profile
        again, after_again = observe(stored, event, terminal)
        assert repr(again) == repr(features)
        assert encode(profile) == data
        assert encode(after_again) == encode(after)
        assert PACKED.unpack(PACKED.pack(*features)) == features or any(map(math.isnan, features))
        assert not any(map(math.isinf, features))
        known = card_state.index_of(card_state.code_of(event.key), profile.keys) >= 0
        assert after.seen - profile.seen == (not known)
        assert after.times == tuple(sorted(after.times))
        times = list(card_state.numbers(after.merchant_times))
        assert times == sorted(times)
        assert after.days == tuple(sorted(set(after.days)))
        assert len(encode(after)) <= MOST_BYTES
        profile = after
    assert encode(NEW) == encode(Profile())


@given(
    st.lists(
        st.tuples(st.floats(0, 3 * DAY), st.integers(0, 100_000), st.integers(1, 8)), min_size=1, max_size=40
    )
)
@settings(deadline=None, max_examples=80)
def test_windows_of_events_in_order_are_what_a_plain_count_says(
    steps: list[tuple[float, int, int]],
) -> None:
    profile, seen, at = NEW, [], START
    for key, (gap, cents, merchant) in enumerate(steps):
        at += gap
        features, profile = observe(profile, Event(key, at, cents / 100, merchant))
        found = dict(zip(FEATURE_NAMES, features, strict=True))
        month = [c for t, c, _ in seen if t // DAY > at // DAY - 30]
        seen.append((at, cents, merchant))
        day = [c for t, c, _ in seen if t > at - DAY]
        assert found["count_1h"] == sum(t > at - 3_600 for t, _, _ in seen)
        assert found["count_24h"] == len(day)
        assert found["count_30d"] == len(month) + 1
        assert found["sum_24h"] == single(sum(day[:-1]) / 100 + cents / 100)
        if month:
            assert found["mean_amount_30d"] == single(sum(month) / (100.0 * len(month)))
        assert found["merchants_7d"] == len({m for t, _, m in seen if int(t) > at - 7 * DAY or t == at})
        assert found["log_events"] == single(math.log1p(key))


def single(value: float) -> float:
    """`value` as float32 has it."""
    return PACKED.unpack(pack("<f", value) * len(FEATURE_NAMES))[0]


def test_100_000_hostile_events_of_one_card_stay_within_the_bound() -> None:
    rng, profile, at, most = random.Random(1), NEW, START, 0  # noqa: S311 - not for secrets
    for k in range(100_000):
        at += rng.choice((0.001, 30.0, 900.0, 40_000.0)) if k % 100 else 1.0
        event = Event(
            rng.getrandbits(63), at - rng.choice((0.0, 0.0, 3_600.0, DAY)), rng.uniform(0, 1e6),
            rng.getrandbits(63), rng.getrandbits(63), (rng.uniform(-90, 90), rng.uniform(-180, 180)),
        )  # fmt: skip
        _, profile = observe(profile, event)
        if k % 500 == 0:
            most = max(most, len(encode(profile)))
    assert 1_500 < most <= MOST_BYTES
    assert profile.seen == 100_000


def test_the_bound_holds_for_a_profile_with_every_place_taken() -> None:
    wide, big = 0xFFFF_FFFF, 2**63 - 1
    slots = int((DAY + card_state.SKEW) // card_state.SLOT) + 2
    days = card_state.MONTH_DAYS
    fullest = Profile(
        seen=big, first=0.1, newest=0.1, amount_mean=0.1, amount_variance=0.1,
        keys=bytes(4 * card_state.MOST_KEYS), last=bytes(PACKED.size),
        times=(0.1,) * card_state.MOST_TIMES, cents=(100_000_000,) * card_state.MOST_TIMES,
        slots=(wide,) * slots, slot_counts=(wide,) * slots, slot_cents=(big,) * slots,
        days=(wide,) * days, day_counts=(wide,) * days, day_cents=(big,) * days,
        merchants=bytes(4 * card_state.MOST_MERCHANTS), merchant_times=bytes(4 * card_state.MOST_MERCHANTS),
        categories=bytes(4 * card_state.MOST_CATEGORIES),
        category_counts=(card_state.CATEGORY_MEMORY,) * card_state.MOST_CATEGORIES,
        haunt_latitudes=(0.1,) * card_state.MOST_HAUNTS, haunt_longitudes=(0.1,) * card_state.MOST_HAUNTS,
        haunt_weights=(card_state.HAUNT_MEMORY + 1,) * card_state.MOST_HAUNTS,
        place_at=0.1, place_latitude=0.1, place_longitude=0.1,
    )  # fmt: skip
    assert len(encode(fullest)) <= MOST_BYTES


@given(st.lists(st.binary(min_size=4, max_size=4), max_size=40), st.binary(min_size=4, max_size=4))
def test_a_code_is_found_where_it_stands_and_not_across_two(codes: list[bytes], other: bytes) -> None:
    row = b"".join(codes)
    for code in [*codes, other, row[1:5], row[6:10]]:
        if len(code) == 4:
            expected = codes.index(code) if code in codes else -1
            assert card_state.index_of(code, row) == expected
