"""What a card's history says about one more event of it. Nothing here changes anything."""

from __future__ import annotations

from bisect import bisect_right
from math import log, log1p, sqrt
from typing import Final

from lambdas.transactions.card_state import (
    DAY,
    HOUR,
    MONTH_DAYS,
    NONE,
    SKEW,
    SLOT,
    WEEK,
    WEEK_DAYS,
    Profile,
    code_of,
    index_of,
    numbers,
)
from lambdas.transactions.event import Event
from lambdas.transactions.features import NAN, hour_features, kilometres
from lambdas.transactions.terminals import Terminal, risk

USUAL_VARIANCE: Final = 0.5
"""Of a card's log amounts; weighs as much as two events of its own."""
MOST_AGE_DAYS: Final = 365.0


def features_of(
    profile: Profile, event: Event, amount: float, terminal: Terminal | None
) -> tuple[float, ...]:
    """The features of `event` in the order of FEATURE_NAMES, not yet rounded; `amount` is its clipped one."""
    at = event.at
    seen = profile.seen
    merchants, new_merchant = _merchants(profile, event)
    new_category, share = _category(profile, code_of(event.category))
    if terminal is None or not event.merchant:
        risks = NAN, NAN, NAN, 0.0 if event.merchant else NAN
    else:
        risks = risk(terminal, at)
    return (
        *_amounts(profile, at, amount),
        _since_last(profile, at), merchants, new_merchant,
        new_category, share, NAN,
        *_places(profile, event),
        _oddness(profile.hours, int(at // HOUR) % 24) if seen else NAN, *hour_features(at),
        *risks,
        _age(profile, at), log1p(seen),
    )  # fmt: skip


def _amounts(profile: Profile, at: float, amount: float) -> tuple[float, ...]:
    """log_amount to count_30d."""
    log_amount = log1p(amount)
    count_1h, count_24h, sum_24h = _day(profile, at)
    count_30d, mean, trend = _month(profile, int(at // DAY))
    z = NAN
    if known := profile.seen:
        variance = (profile.amount_variance * known + 2 * USUAL_VARIANCE) / (known + 2)
        z = (log_amount - profile.amount_mean) / sqrt(variance)
    return (
        log_amount, mean, amount / (mean if mean > 0.01 else 0.01) if count_30d else NAN, z, trend,
        count_1h + 1.0, count_24h + 1.0, sum_24h / 100.0 + amount, count_30d + 1.0,
    )  # fmt: skip


def _month(profile: Profile, today: int) -> tuple[int, float, float]:
    """Events in the 30 days to `today`, mean_amount_30d, amount_trend."""
    days, counts, cents = profile.days, profile.day_counts, profile.day_cents
    if days and (days[0] <= today - MONTH_DAYS or days[-1] > today):
        month = slice(bisect_right(days, today - MONTH_DAYS), bisect_right(days, today))
        days, counts, cents = days[month], counts[month], cents[month]
    total, count = sum(cents), sum(counts)
    if not total:
        return count, 0.0 if count else NAN, NAN
    week = bisect_right(days, today - WEEK_DAYS)
    of_week = sum(counts[week:])
    trend = sum(cents[week:]) * count / (of_week * total) if of_week else NAN
    return count, total / (100.0 * count), trend


def _day(profile: Profile, at: float) -> tuple[int, int, int]:
    """Events in the hour and in the day up to `at`, and the cents of the latter."""
    times = profile.times
    end = bisect_right(times, at + SKEW)
    day = bisect_right(times, at - DAY)
    count_1h, count_24h = end - bisect_right(times, at - HOUR), end - day
    sum_24h = sum(profile.cents[day:end])
    if not profile.slots:
        return count_1h, count_24h, sum_24h
    for slot, count, cents in zip(profile.slots, profile.slot_counts, profile.slot_cents, strict=True):
        start = slot * SLOT
        if start <= at + SKEW and start + SLOT > at - DAY:
            count_24h += count
            sum_24h += cents
            if start + SLOT > at - HOUR:
                count_1h += count
    return count_1h, count_24h, sum_24h


def _since_last(profile: Profile, at: float) -> float:
    """log_since_last: 0 within the clocks' skew; for a late event, since the newest one before it."""
    if not profile.seen:
        return NAN
    if at > profile.newest - SKEW:
        return log1p(at - profile.newest) if at > profile.newest else 0.0
    before = bisect_right(profile.times, at)
    return log1p(at - profile.times[before - 1]) if before else NAN


def _merchants(profile: Profile, event: Event) -> tuple[float, float]:
    """merchants_7d with this one, new_merchant."""
    known = profile.merchants
    start = bisect_right(numbers(profile.merchant_times), event.at - WEEK)
    distinct = len(known) // 4 - start
    if not event.merchant:
        return (distinct if known else NAN), NAN
    index = index_of(code_of(event.merchant), known)
    if index < 0:
        return distinct + 1.0, 1.0 if known else NAN
    return distinct + (1.0 if index < start else 0.0), 0.0


def _category(profile: Profile, category: bytes) -> tuple[float, float]:
    """new_category, category_share."""
    known = profile.categories
    if category == NONE or not known:
        return NAN, NAN
    index = index_of(category, known)
    if index < 0:
        return 1.0, 0.0
    counts = profile.category_counts
    return 0.0, counts[index] / sum(counts)


def _places(profile: Profile, event: Event) -> tuple[float, float, float]:
    """home_km, moved_km, speed_kmh."""
    if event.place is None:
        return NAN, NAN, NAN
    latitude, longitude = event.place
    if event.home is not None:
        home = kilometres(*event.home, latitude, longitude)
    elif profile.haunt_weights:
        home = kilometres(profile.haunt_latitudes[0], profile.haunt_longitudes[0], latitude, longitude)
    else:
        return NAN, NAN, NAN
    if not profile.haunt_weights:
        return home, NAN, NAN
    moved = kilometres(profile.place_latitude, profile.place_longitude, latitude, longitude)
    seconds = abs(event.at - profile.place_at)
    return home, moved, moved * HOUR / (seconds if seconds > SKEW else SKEW)


def _age(profile: Profile, at: float) -> float:
    """card_age_days."""
    if not profile.seen or at < profile.first:
        return 0.0
    days = (at - profile.first) / DAY
    return days if days < MOST_AGE_DAYS else MOST_AGE_DAYS


def _oddness(hours: bytes, hour: int) -> float:
    """How rare this hour is for the card: log(uniform share / its share), smoothed over three hours."""
    near = 2 * hours[hour] + hours[hour - 1] + hours[(hour + 1) % 24]
    return log((24 + 4 * sum(hours)) / (24 * (1 + near)))
