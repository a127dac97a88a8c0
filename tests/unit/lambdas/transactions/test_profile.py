"""What the fold says of a card's events, one rule of docs/transactions.md a test."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from lambdas.transactions.event import Event, event_of, hash_of
from lambdas.transactions.features import FEATURE_NAMES
from lambdas.transactions.profile import NEW, Profile, ProfileUnreadable, decode, encode, observe
from lambdas.transactions.schema import TransactionRequest
from lambdas.transactions.terminals import Terminal, label

NOON = datetime(2026, 5, 6, 12, 0, tzinfo=UTC).timestamp()
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
PARIS, LONDON, TOKYO = (48.85, 2.35), (51.51, -0.13), (35.68, 139.69)


class Card:
    """A card and what the fold has made of it so far."""

    def __init__(self) -> None:
        self.profile = NEW
        self.count = 0

    def pay(self, amount: float = 10.0, at: float = NOON, **more: Any) -> dict[str, float]:
        """The named features of one more event."""
        self.count += 1
        terminal = more.pop("terminal", None)
        event = Event(more.pop("key", self.count), at, amount, **more)
        features, self.profile = observe(self.profile, event, terminal)
        return dict(zip(FEATURE_NAMES, features, strict=True))


def unknown(features: dict[str, float], *names: str) -> bool:
    return all(math.isnan(features[name]) for name in names)


def test_of_a_new_card_little_is_known() -> None:
    first = Card().pay(99.0, merchant=5, category=6, place=PARIS)
    assert first["log_amount"] == pytest.approx(math.log(100))
    assert (first["count_1h"], first["count_24h"], first["count_30d"]) == (1, 1, 1)
    assert (first["sum_24h"], first["merchants_7d"]) == (99, 1)
    assert (first["card_age_days"], first["log_events"]) == (0, 0)
    assert unknown(
        first, "mean_amount_30d", "amount_ratio", "amount_z", "log_since_last", "new_merchant",
        "new_category", "category_share", "category_risk", "home_km", "moved_km", "speed_kmh", "hour_oddness",
    )  # fmt: skip


def test_an_amount_is_held_against_the_card_own() -> None:
    card = Card()
    for k in range(10):
        card.pay(20.0 + k % 2, NOON + k * DAY)
    usual, odd = card.pay(20.0, NOON + 10 * DAY), card.pay(2_000.0, NOON + 11 * DAY)
    assert odd["mean_amount_30d"] == pytest.approx(20.5, abs=0.1)
    assert odd["amount_ratio"] == pytest.approx(2_000 / 20.5, rel=0.01)
    assert odd["amount_z"] > 5
    assert abs(usual["amount_z"]) < 1


def test_windows_end_where_they_say() -> None:
    card = Card()
    card.pay(1.0)
    assert card.pay(2.0, NOON + HOUR - 1)["count_1h"] == 2
    assert card.pay(4.0, NOON + HOUR)["count_1h"] == 2  # an hour later the first is out
    last = card.pay(8.0, NOON + DAY)
    assert (last["count_1h"], last["count_24h"], last["sum_24h"]) == (1, 3, 14)


def test_the_mean_forgets_after_30_days() -> None:
    card = Card()
    card.pay(1_000.0)
    card.pay(10.0, NOON + 29 * DAY)
    assert card.pay(10.0, NOON + 29 * DAY)["mean_amount_30d"] == 505
    assert card.pay(10.0, NOON + 30 * DAY)["mean_amount_30d"] == 10
    assert unknown(card.pay(10.0, NOON + 90 * DAY), "mean_amount_30d", "amount_ratio")


def test_the_trend_holds_a_week_against_the_month() -> None:
    card = Card()
    assert unknown(card.pay(10.0), "amount_trend")
    card.pay(10.0, NOON + DAY)
    for k in range(2):
        card.pay(40.0, NOON + (8 + k) * DAY)
    week = card.pay(10.0, NOON + 10 * DAY)
    assert week["amount_trend"] == pytest.approx(40 / 25)
    assert unknown(card.pay(10.0, NOON + 20 * DAY), "amount_trend")  # nothing in the last week


def test_amounts_too_small_to_count_have_no_trend() -> None:
    card = Card()
    card.pay(0.001)
    again = card.pay(5.0)
    assert (again["mean_amount_30d"], again["amount_ratio"]) == (0, 500)
    assert unknown(again, "amount_trend")


def test_time_since_the_event_before() -> None:
    card = Card()
    card.pay()
    assert card.pay(at=NOON + 99)["log_since_last"] == pytest.approx(math.log(100))


def test_merchants() -> None:
    card = Card()
    card.pay(merchant=1)
    assert card.pay(merchant=2, at=NOON + DAY)["new_merchant"] == 1
    again = card.pay(merchant=1, at=NOON + 2 * DAY)
    assert (again["new_merchant"], again["merchants_7d"]) == (0, 2)
    back = card.pay(merchant=2, at=NOON + 8 * DAY + 1)
    assert (back["new_merchant"], back["merchants_7d"]) == (0, 2)
    unsaid = card.pay(at=NOON + 9 * DAY)
    assert unknown(unsaid, "new_merchant")
    assert unsaid["merchants_7d"] == 1  # the other was last seen 7 days ago


def test_categories() -> None:
    card = Card()
    for category in (7, 7, 7, 8):
        card.pay(category=category)
    seven, nine = card.pay(category=7), card.pay(category=9)
    assert (seven["new_category"], seven["category_share"]) == (0, 0.75)
    assert (nine["new_category"], nine["category_share"]) == (1, 0)
    assert unknown(card.pay(), "new_category", "category_share")


def test_home_is_what_the_caller_says() -> None:
    card = Card()
    assert card.pay(place=LONDON, home=PARIS)["home_km"] == pytest.approx(344, rel=0.01)


def test_home_is_learned_and_a_burst_elsewhere_does_not_move_it() -> None:
    card = Card()
    for k in range(20):
        card.pay(at=NOON + k * DAY, place=(PARIS[0] + 0.01 * (k % 3), PARIS[1]))
    for k in range(15):
        far = card.pay(at=NOON + 20 * DAY + k * MINUTE, place=TOKYO)
        assert far["home_km"] == pytest.approx(9_710, rel=0.01)
    assert card.pay(at=NOON + 21 * DAY, place=PARIS)["home_km"] < 5


def test_who_moves_house_has_a_new_home() -> None:
    card = Card()
    for k in range(60):
        card.pay(at=NOON + k * DAY, place=PARIS)
    for k in range(60, 180):
        card.pay(at=NOON + k * DAY, place=TOKYO)
    assert card.pay(at=NOON + 180 * DAY, place=TOKYO)["home_km"] < 1


def test_a_home_on_the_date_line_is_one_place() -> None:
    card = Card()
    for k in range(20):
        card.pay(at=NOON + k * DAY, place=(-17.0, 179.99 if k % 2 else -179.99))
    assert card.pay(at=NOON + 20 * DAY, place=(-17.0, 180.0))["home_km"] < 2


def test_speed_is_from_the_event_before_that_had_a_place() -> None:
    card = Card()
    card.pay(place=PARIS)
    nowhere = card.pay(at=NOON + HOUR)
    assert unknown(nowhere, "home_km", "moved_km", "speed_kmh")
    there = card.pay(at=NOON + 2 * HOUR, place=LONDON)
    assert there["moved_km"] == pytest.approx(344, rel=0.01)
    assert there["speed_kmh"] == pytest.approx(172, rel=0.01)


def test_within_the_skew_of_clocks_no_speed_is_absurd() -> None:
    card = Card()
    card.pay(place=PARIS)
    near = card.pay(at=NOON + 1, place=(PARIS[0] + 0.009, PARIS[1]))  # 1 km in 1 s
    assert near["speed_kmh"] == pytest.approx(12, rel=0.01)


def test_odd_hours() -> None:
    card = Card()
    for k in range(30):
        card.pay(at=NOON + k * DAY)
    assert card.pay(at=NOON + 30 * DAY)["hour_oddness"] < -1.5
    assert card.pay(at=NOON + 30.6 * DAY)["hour_oddness"] > 1.5


def test_the_risk_of_the_terminal_is_what_is_known_of_it() -> None:
    bad = Terminal()
    for _ in range(5):
        bad = label(bad, NOON, fraud=True)
    card = Card()
    found = card.pay(merchant=1, terminal=bad)
    assert found["terminal_risk_7d"] == pytest.approx(5.01 / 7)
    assert found["terminal_labels"] == 5
    unlabelled = card.pay(merchant=2)
    assert unknown(unlabelled, "terminal_risk_2d", "terminal_risk_7d", "terminal_risk_28d")
    assert unlabelled["terminal_labels"] == 0
    assert unknown(card.pay(), "terminal_risk_7d", "terminal_risk_28d", "terminal_labels")


def test_within_the_skew_there_is_no_before_and_after() -> None:
    card = Card()
    card.pay(1.0, NOON)
    behind = card.pay(2.0, NOON - 4 * MINUTE)
    assert (behind["count_1h"], behind["sum_24h"], behind["log_since_last"]) == (2, 3, 0)
    assert card.profile.newest == NOON


def test_a_late_event_takes_its_place_in_time() -> None:
    card = Card()
    card.pay(1.0, NOON)
    card.pay(2.0, NOON + 3 * HOUR)
    late = card.pay(4.0, NOON + HOUR)
    assert (late["count_24h"], late["sum_24h"]) == (2, 5)  # the one after it does not count
    assert late["log_since_last"] == pytest.approx(math.log1p(HOUR))
    assert card.profile.times == (NOON, NOON + HOUR, NOON + 3 * HOUR)
    assert card.pay(8.0, NOON + 4 * HOUR)["sum_24h"] == 15
    assert card.pay(8.0, NOON + 5 * HOUR)["log_since_last"] == pytest.approx(math.log1p(HOUR))


def test_a_late_event_does_not_become_the_newest_place() -> None:
    card = Card()
    card.pay(place=PARIS)
    late = card.pay(at=NOON - 2 * HOUR, place=LONDON)
    assert late["speed_kmh"] == pytest.approx(172, rel=0.01)
    assert card.pay(at=NOON + HOUR, place=PARIS)["moved_km"] == 0


def test_days_late_it_still_counts_into_its_day() -> None:
    card = Card()
    card.pay(10.0, NOON)
    late = card.pay(30.0, NOON - 5 * DAY)
    assert unknown(late, "mean_amount_30d", "log_since_last")
    assert (late["count_24h"], late["count_30d"]) == (1, 1)
    assert card.profile.times == (NOON,)
    after = card.pay(10.0, NOON)
    assert (after["mean_amount_30d"], after["count_30d"]) == (20, 3)
    assert after["card_age_days"] == 5


def test_an_event_older_than_all_that_is_kept_is_only_counted() -> None:
    card = Card()
    card.pay(10.0, NOON, merchant=1, category=1, place=PARIS)
    before = msgspec.structs.asdict(card.profile)
    card.pay(99.0, NOON - 31 * DAY, merchant=2, category=2, place=TOKYO)
    after = msgspec.structs.asdict(card.profile)
    assert {name for name in after if after[name] != before[name]} == {"seen", "first", "keys", "last"}
    assert (card.profile.seen, card.profile.first) == (2, NOON - 31 * DAY)


def test_a_repetition_of_the_newest_gives_its_features_again() -> None:
    card = Card()
    card.pay(1.0)
    first, profile = card.pay(5.0, NOON + 60, key=77, merchant=3), card.profile
    again = card.pay(5.0, NOON + 60, key=77, merchant=3)
    assert repr(again) == repr(first)
    assert card.profile is profile


def test_an_older_repetition_changes_nothing() -> None:
    card = Card()
    for k in range(33):
        card.pay(key=100 + k, at=NOON + k * HOUR)
    profile = card.profile
    for k in range(1, 33):
        card.pay(key=100 + k, at=NOON + k * HOUR)
    assert card.profile is profile
    card.pay(key=100, at=NOON)  # that long ago it is not recognised
    assert card.profile.seen == 34


def test_the_counts_of_an_older_repetition_are_those_it_had() -> None:
    card = Card()
    times = [NOON + k * 20 * MINUTE for k in range(8)]
    first = [card.pay(10.0 + k, at, key=100 + k) for k, at in enumerate(times)]
    counted = (
        "count_1h", "count_24h", "sum_24h", "count_30d", "mean_amount_30d", "amount_ratio",
        "log_since_last", "log_events",
    )  # fmt: skip
    for k in range(1, 8):
        again = card.pay(10.0 + k, times[k], key=100 + k)
        assert {name: again[name] for name in counted} == {name: first[k][name] for name in counted}


def test_a_repetition_of_a_busy_day_is_still_finite() -> None:
    card = Card()
    for k in range(60):
        card.pay(5.0, NOON + k, key=k)
    for k in range(30, 60):
        again = card.pay(5.0, NOON + k, key=k)
        assert not any(math.isinf(value) for value in again.values())
    assert card.profile.seen == 60


def test_a_busy_card_is_still_counted_in_full() -> None:
    card = Card()
    for k in range(2_000):
        last = card.pay(1.0, NOON + k)
    assert (last["count_1h"], last["count_24h"], last["sum_24h"]) == (2_000, 2_000, 2_000)
    tomorrow = card.pay(1.0, NOON + 1.2 * DAY)
    assert (tomorrow["count_24h"], tomorrow["count_30d"]) == (1, 2_001)


@pytest.mark.parametrize(("amount", "kept"), [(-5.0, 0.0), (1e300, 1_000_000.0)])
def test_an_absurd_amount_of_history_is_cut(amount: float, kept: float) -> None:
    assert Card().pay(amount)["sum_24h"] == kept


def test_a_request_without_a_time_happened_when_it_was_received() -> None:
    received = datetime(2026, 5, 6, tzinfo=UTC)
    event = event_of(TransactionRequest("c", 1.0, latitude=1.0, longitude=2.0), "transactions.1", received)
    assert (event.at, event.place, event.home) == (received.timestamp(), (1.0, 2.0), None)
    assert (event.merchant, event.category, event.key) == (0, 0, hash_of("transactions.1"))


@pytest.mark.parametrize("data", [b"", b"\xff", b"garbage", b"\x91\xa1x"])
def test_other_bytes_are_no_profile(data: bytes) -> None:
    with pytest.raises(ProfileUnreadable, match="no profile"):
        decode(data)


def test_a_profile_of_another_layout_is_not_guessed_at() -> None:
    with pytest.raises(ProfileUnreadable, match="layout 99"):
        decode(encode(Profile(layout=99)))
