"""What a card's history was before an event that comes again, as far as that can be told."""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from lambdas.transactions.card_state import DAY, Profile
from lambdas.transactions.event import Event


def before(profile: Profile, event: Event, amount: float) -> Profile:
    """`profile` without `event` and the later ones in its counts, sums and times.

    What else it has learned from them stays: the event's merchant, category and place are not new any more.
    An event that is not among those kept one by one changes nothing.
    """
    cents = round(amount * 100)
    index = bisect_left(profile.times, event.at)
    while index < len(profile.times) and profile.times[index] == event.at:
        if profile.cents[index] == cents:
            return _cut(profile, index)
        index += 1
    return profile


def _cut(profile: Profile, index: int) -> Profile:
    """Without the events from `index` on of those that are kept one by one."""
    days = {
        day: [count, cents]
        for day, count, cents in zip(profile.days, profile.day_counts, profile.day_cents, strict=True)
    }
    for at, cents in zip(profile.times[index:], profile.cents[index:], strict=True):
        total = days.get(int(at // DAY))
        if total is not None:
            total[0] -= 1
            total[1] -= cents
    kept = [(day, count, cents) for day, (count, cents) in days.items() if count > 0]
    return msgspec.structs.replace(
        profile,
        seen=max(profile.seen - (len(profile.times) - index), 0),
        newest=profile.times[index - 1] if index else profile.times[0] - DAY,
        times=profile.times[:index],
        cents=profile.cents[:index],
        days=tuple(day for day, _, _ in kept),
        day_counts=tuple(count for _, count, _ in kept),
        day_cents=tuple(cents for _, _, cents in kept),
    )
