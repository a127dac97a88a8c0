"""How one event changes what is remembered of its card: new tuples, the old profile stays as it was."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from math import log1p

from lambdas.transactions.card_state import (
    AMOUNT_MEMORY,
    CATEGORY_MEMORY,
    DAY,
    FAR_KM,
    HAUNT_MEMORY,
    HOUR,
    LAYOUT,
    LOW32,
    MONTH_DAYS,
    MOST_CATEGORIES,
    MOST_HAUNTS,
    MOST_KEYS,
    MOST_MERCHANTS,
    MOST_TIMES,
    NONE,
    SKEW,
    SLOT,
    Profile,
    code_of,
    index_of,
    numbers,
    without,
)
from lambdas.transactions.event import Event
from lambdas.transactions.features import kilometres

Ints = tuple[int, ...]
Floats = tuple[float, ...]


def updated(profile: Profile, event: Event, amount: float, last: bytes) -> Profile:
    """`profile` with `event` folded in; `amount` is its clipped one and `last` its features, packed.

    An event older than everything that is kept is counted, and changes nothing else.
    """
    at = event.at
    cents = round(amount * 100)
    newest = at if at > profile.newest else profile.newest
    if at < newest - MONTH_DAYS * DAY:
        return _counted(profile, event, last)
    rate = 1.0 / (profile.seen + 1 if profile.seen < AMOUNT_MEMORY else AMOUNT_MEMORY + 1)
    off = log1p(amount) - profile.amount_mean
    latitudes, longitudes, weights = _haunts(profile, event.place)
    return Profile(
        LAYOUT,
        profile.seen + 1,
        profile.first if profile.seen and profile.first < at else at,
        newest,
        profile.amount_mean + rate * off,
        (1.0 - rate) * (profile.amount_variance + rate * off * off),
        (profile.keys + code_of(event.key))[-4 * MOST_KEYS :],
        last,
        *_day(profile, at, cents, newest - DAY - SKEW),
        *_days(profile, int(at // DAY), cents, int(newest // DAY)),
        *_merchants(profile, code_of(event.merchant), int(at)),
        *_categories(profile, code_of(event.category)),
        _hours(profile.hours, int(at // HOUR) % 24),
        latitudes,
        longitudes,
        weights,
        *_newest_place(profile, event),
    )


def _counted(profile: Profile, event: Event, last: bytes) -> Profile:
    fields = {name: getattr(profile, name) for name in Profile.__struct_fields__}
    fields["seen"] += 1
    fields["first"] = min(profile.first, event.at)
    fields["keys"] = (profile.keys + code_of(event.key))[-4 * MOST_KEYS :]
    fields["last"] = last
    return Profile(**fields)


def _day(profile: Profile, at: float, cents: int, oldest: float) -> tuple[Floats, Ints, Ints, Ints, Ints]:
    """times, cents and the three of the slots, without what is not after `oldest`."""
    times, amounts = profile.times, profile.cents
    index = bisect_right(times, at)
    if index == len(times):
        times, amounts = (*times, at), (*amounts, cents)
    else:
        times = (*times[:index], at, *times[index:])
        amounts = (*amounts[:index], cents, *amounts[index:])
    gone = bisect_right(times, oldest)
    times, amounts = times[gone:], amounts[gone:]
    slots = profile.slots, profile.slot_counts, profile.slot_cents
    if slots[0] or len(times) > MOST_TIMES:
        slots = _young(slots, oldest)
        if len(times) > MOST_TIMES:
            slots = _added(*slots, int(times[0] // SLOT), amounts[0])
            times, amounts = times[1:], amounts[1:]
    return times, amounts, *slots


def _young(slots: tuple[Ints, Ints, Ints], oldest: float) -> tuple[Ints, Ints, Ints]:
    gone = bisect_right(slots[0], oldest / SLOT - 1.0)
    return slots[0][gone:], slots[1][gone:], slots[2][gone:]


def _days(profile: Profile, day: int, cents: int, newest: int) -> tuple[Ints, Ints, Ints]:
    days, counts, amounts = _added(profile.days, profile.day_counts, profile.day_cents, day, cents)
    if days[0] > newest - MONTH_DAYS:
        return days, counts, amounts
    gone = bisect_right(days, newest - MONTH_DAYS)
    return days[gone:], counts[gone:], amounts[gone:]


def _added(keys: Ints, counts: Ints, amounts: Ints, key: int, cents: int) -> tuple[Ints, Ints, Ints]:
    """The counts and sums by `keys`, which ascend, with one more of `cents` at `key`."""
    if keys and keys[-1] == key:
        return keys, (*counts[:-1], counts[-1] + 1), (*amounts[:-1], amounts[-1] + cents)
    index = bisect_left(keys, key)
    if index < len(keys) and keys[index] == key:
        return (
            keys,
            (*counts[:index], counts[index] + 1, *counts[index + 1 :]),
            (*amounts[:index], amounts[index] + cents, *amounts[index + 1 :]),
        )
    return (
        (*keys[:index], key, *keys[index:]),
        (*counts[:index], 1, *counts[index:]),
        (*amounts[:index], cents, *amounts[index:]),
    )


def _merchants(profile: Profile, merchant: bytes, at: int) -> tuple[bytes, bytes]:
    """merchants and merchant_times: this one moves to its place in time, the one not seen longest goes."""
    known, times = profile.merchants, profile.merchant_times
    if merchant == NONE:
        return known, times
    at = 0 if at < 0 else at if at < LOW32 else LOW32
    index = index_of(merchant, known)
    if index >= 0:
        if numbers(times)[index] >= at:
            return known, times
        known, times = without(known, index), without(times, index)
    now = code_of(at)
    if times and numbers(times)[-1] > at:
        index = 4 * bisect_right(numbers(times), at)
        known = known[:index] + merchant + known[index:]
        times = times[:index] + now + times[index:]
    else:
        known, times = known + merchant, times + now
    return known[-4 * MOST_MERCHANTS :], times[-4 * MOST_MERCHANTS :]


def _categories(profile: Profile, category: bytes) -> tuple[bytes, Ints]:
    """categories and category_counts: the rarest makes room, and all are halved when they are many."""
    known, counts = profile.categories, profile.category_counts
    if category == NONE:
        return known, counts
    index = index_of(category, known)
    if index >= 0:
        counts = (*counts[:index], counts[index] + 1, *counts[index + 1 :])
    else:
        if len(counts) == MOST_CATEGORIES:
            index = counts.index(min(counts))
            known, counts = without(known, index), (*counts[:index], *counts[index + 1 :])
        known, counts = known + category, (*counts, 1)
    if sum(counts) <= CATEGORY_MEMORY:
        return known, counts
    kept = [index for index, count in enumerate(counts) if count > 1]
    halved = tuple(counts[index] // 2 for index in kept)
    return b"".join(known[4 * index : 4 * index + 4] for index in kept), halved


def _hours(hours: bytes, hour: int) -> bytes:
    counts = bytearray(hours)
    if counts[hour] == 255:
        counts = bytearray(count // 2 for count in counts)
    counts[hour] += 1
    return bytes(counts)


def _newest_place(profile: Profile, event: Event) -> tuple[float, float, float]:
    """place_at, place_latitude, place_longitude."""
    if event.place is None or event.at < profile.place_at:
        return profile.place_at, profile.place_latitude, profile.place_longitude
    return event.at, *event.place


def _haunts(profile: Profile, place: tuple[float, float] | None) -> tuple[Floats, Floats, Ints]:
    """The three of the haunts: the place belongs to the most usual one that is near, or is a new one."""
    latitudes, longitudes, weights = (
        profile.haunt_latitudes, profile.haunt_longitudes, profile.haunt_weights
    )  # fmt: skip
    if place is None:
        return latitudes, longitudes, weights
    latitude, longitude = place
    for index, weight in enumerate(weights):
        if kilometres(latitudes[index], longitudes[index], latitude, longitude) < FAR_KM:
            return _nearer(profile, index, weight, latitude, longitude)
    keep = MOST_HAUNTS - 1  # the rarest of them makes room
    return (*latitudes[:keep], latitude), (*longitudes[:keep], longitude), (*weights[:keep], 1)


def _nearer(
    profile: Profile, index: int, weight: int, latitude: float, longitude: float
) -> tuple[Floats, Floats, Ints]:
    """The haunts with the one at `index` seen once more and moved towards the place, the most usual first."""
    latitudes, longitudes = list(profile.haunt_latitudes), list(profile.haunt_longitudes)
    weights = list(profile.haunt_weights)
    east = (longitude - longitudes[index] + 180.0) % 360.0 - 180.0  # the short way round
    latitudes[index] += (latitude - latitudes[index]) / (weight + 1)
    longitudes[index] = (longitudes[index] + east / (weight + 1) + 180.0) % 360.0 - 180.0
    weights[index] = weight + 1
    while index and weights[index] > weights[index - 1]:
        for places in (latitudes, longitudes):
            places[index], places[index - 1] = places[index - 1], places[index]
        weights[index], weights[index - 1] = weights[index - 1], weights[index]
        index -= 1
    if weights[0] > HAUNT_MEMORY:
        weights = [max(weight // 2, 1) for weight in weights]
    return tuple(latitudes), tuple(longitudes), tuple(weights)
