"""What the fraud models see of a transaction: the names, the order, and the matrix that goes into them.

`profile.py` fills every feature but `category_risk` from the card's history; here is what can be said
without one. docs/transactions.md has a line on each. All values are exact in float32, the models' own type,
so that what is stored, logged and computed again is the same to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from math import asin, cos, radians, sin, sqrt
from struct import Struct
from typing import Final

import numpy as np
import numpy.typing as npt

from lambdas.transactions.event import Event

FEATURE_NAMES: Final = (
    "log_amount", "mean_amount_30d", "amount_ratio", "amount_z", "amount_trend",
    "count_1h", "count_24h", "sum_24h", "count_30d",
    "log_since_last", "merchants_7d", "new_merchant",
    "new_category", "category_share", "category_risk",
    "home_km", "moved_km", "speed_kmh",
    "hour_oddness", "hour_sin", "hour_cos", "weekend",
    "terminal_risk_2d", "terminal_risk_7d", "terminal_risk_28d", "terminal_labels",
    "card_age_days", "log_events",
)  # fmt: skip
CATEGORY_RISK: Final = FEATURE_NAMES.index("category_risk")
PACKED: Final = Struct(f"<{len(FEATURE_NAMES)}f")
"""The features of one event as bytes, and the rounding that all of them go through."""

MOST_AMOUNT: Final = 1_000_000.0
NAN: Final = math.nan

_EARTH_DIAMETER_KM = 12_742.0176
_TURN = 2 * math.pi / 24
_CLOCK = tuple((math.sin(hour / 4 * _TURN), math.cos(hour / 4 * _TURN)) for hour in range(96))
"""By quarter of an hour: finer says nothing."""


def matrix(
    rows: Sequence[Sequence[float]], categories: Sequence[str | None], risks: Mapping[str, float]
) -> npt.NDArray[np.float32]:
    """The models' input, float32 [rows, features]: `rows` with `category_risk` filled in.

    `risks` has the fraud rate of each category that training knew, and "" for all others. A category that
    was not said stays NaN.
    """
    out = np.array(rows, dtype=np.float32).reshape(len(rows), len(FEATURE_NAMES))
    unknown = risks.get("", NAN)
    out[:, CATEGORY_RISK] = [NAN if name is None else risks.get(name, unknown) for name in categories]
    return out


def request_only(event: Event) -> tuple[float, ...]:
    """The features of `event` when nothing is known of its card or terminal: NaN where it takes them."""
    values = [NAN] * len(FEATURE_NAMES)
    hour = hour_features(event.at)
    for name, value in zip(("hour_sin", "hour_cos", "weekend"), hour, strict=True):
        values[FEATURE_NAMES.index(name)] = value
    values[FEATURE_NAMES.index("log_amount")] = math.log1p(clipped(event.amount))
    if event.place is not None and event.home is not None:
        values[FEATURE_NAMES.index("home_km")] = kilometres(*event.home, *event.place)
    return PACKED.unpack(PACKED.pack(*values))


def clipped(amount: float) -> float:
    """`amount` within what the schema lets through, whatever a file of history holds."""
    return 0.0 if amount < 0.0 else MOST_AMOUNT if amount > MOST_AMOUNT else amount


def hour_features(at: float) -> tuple[float, float, float]:
    """hour_sin, hour_cos (of the UTC time of day) and weekend (0 or 1) of a time in seconds since 1970."""
    sine, cosine = _CLOCK[int(at // 900) % 96]
    return sine, cosine, 1.0 if (at // 86_400 + 3) % 7 >= 5 else 0.0  # 1 January 1970 was a Thursday


def kilometres(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """The great-circle distance between two places in degrees, by the haversine formula."""
    here, there = radians(latitude), radians(to_latitude)
    up, along = sin((there - here) / 2), sin(radians(to_longitude - longitude) / 2)
    chord = up * up + cos(here) * cos(there) * along * along
    return _EARTH_DIAMETER_KM * asin(sqrt(chord if chord < 1.0 else 1.0))
