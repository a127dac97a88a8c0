"""What is remembered of a card, and how much of it at most.

Everything stands in parallel rows in the order of time, so that a window is two bisections and a slice, and a
new profile shares with the old one what did not change. The long rows of whole numbers are bytes, 4 a number:
a profile is then few objects, and a million events touch far less memory. Amounts are kept in hundredths:
whole numbers add up to the same sum in any order.
"""

from __future__ import annotations

from typing import Final

import msgspec

LAYOUT: Final = 1
SKEW: Final = 300.0
"""Seconds by which the clocks of two terminals may differ: within them there is no before and after."""
HOUR: Final = 3_600.0
DAY: Final = 86_400.0
WEEK: Final = 7 * DAY
MONTH_DAYS: Final = 30
WEEK_DAYS: Final = 7
SLOT: Final = 1_800.0
FAR_KM: Final = 100.0
"""Two places nearer than this belong to the same haunt."""

MOST_KEYS: Final = 32
MOST_TIMES: Final = 32
MOST_MERCHANTS: Final = 40
MOST_CATEGORIES: Final = 24
MOST_HAUNTS: Final = 6
CATEGORY_MEMORY: Final = 512
HAUNT_MEMORY: Final = 64
AMOUNT_MEMORY: Final = 63
"""Counts are halved when they pass the first two, and no amount weighs less than 1 in 64: habits change."""

LOW32: Final = 0xFFFF_FFFF
NONE: Final = bytes(4)
NEVER: Final = float("-inf")


class Profile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A card's history. Times are seconds since 1970; events, merchants and categories are 4-byte hashes.

    keys: of the events folded last, the newest at the end; last: the features of that one, packed.
    times, cents: the newest events of the last day. slots, slot_...: those of the last day that found no
    room there, by half-hour. days, day_...: the last 30 days. merchants: in the order in which they were last
    seen. categories: with counts that age. hours: a count a UTC hour, one byte each. haunt_...: where the
    card is used, the most usual first. place_...: the newest event that had a place.
    """

    layout: int = LAYOUT
    seen: int = 0
    first: float = 0.0
    newest: float = NEVER
    amount_mean: float = 0.0
    amount_variance: float = 0.0
    keys: bytes = b""
    last: bytes = b""
    times: tuple[float, ...] = ()
    cents: tuple[int, ...] = ()
    slots: tuple[int, ...] = ()
    slot_counts: tuple[int, ...] = ()
    slot_cents: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    day_counts: tuple[int, ...] = ()
    day_cents: tuple[int, ...] = ()
    merchants: bytes = b""
    merchant_times: bytes = b""
    categories: bytes = b""
    category_counts: tuple[int, ...] = ()
    hours: bytes = bytes(24)
    haunt_latitudes: tuple[float, ...] = ()
    haunt_longitudes: tuple[float, ...] = ()
    haunt_weights: tuple[int, ...] = ()
    place_at: float = NEVER
    place_latitude: float = 0.0
    place_longitude: float = 0.0


NEW: Final = Profile()
"""The profile of a card that was never seen."""


def code_of(number: int) -> bytes:
    """The low 32 bits of `number` as they stand in a row; NONE for 0."""
    return (number & LOW32).to_bytes(4, "little")


def index_of(code: bytes, row: bytes) -> int:
    """Where `code` stands in `row`, counted in codes; -1 when it does not."""
    at = row.find(code)
    while at > 0 and at & 3:  # the end of one code and the beginning of the next
        at = row.find(code, at + 1)
    return at >> 2


def without(row: bytes, index: int) -> bytes:
    """`row` without its code at `index`."""
    return row[: 4 * index] + row[4 * index + 4 :]


def numbers(row: bytes) -> memoryview:
    """`row` as whole numbers; every machine that this runs on has the lowest byte first."""
    return memoryview(row).cast("I")
