"""The world that the synthetic transactions happen in: cities, merchants, and cards with their habits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

KM_A_DEGREE: Final = 111.2


class Category(NamedTuple):
    """What is bought: its share of the purchases, the logarithm of a usual amount and its spread, whether
    it is bought online, and the hours of the day around which it is bought."""

    name: str
    share: float
    amount: float
    spread: float
    online: bool
    hours: tuple[float, ...]


CATEGORIES: Final = (
    Category("grocery", 0.24, 3.3, 0.7, False, (11, 18)),
    Category("restaurant", 0.15, 3.0, 0.6, False, (13, 20)),
    Category("fuel", 0.10, 3.7, 0.4, False, (8, 17)),
    Category("clothing", 0.07, 3.9, 0.7, False, (12, 16)),
    Category("pharmacy", 0.05, 2.9, 0.7, False, (10, 17)),
    Category("electronics", 0.03, 5.0, 0.9, False, (13, 17)),
    Category("household", 0.06, 3.8, 0.8, False, (11, 16)),
    Category("transport", 0.08, 2.2, 0.7, False, (8, 18)),
    Category("leisure", 0.05, 3.3, 0.7, False, (16, 21)),
    Category("travel", 0.02, 5.4, 0.8, True, (12, 20)),
    Category("online shopping", 0.11, 3.6, 0.9, True, (13, 21)),
    Category("digital", 0.04, 2.4, 0.7, True, (15, 22)),
)

WEEKDAYS: Final = (0.92, 0.92, 0.95, 1.0, 1.2, 1.25, 0.85)
"""Relative traffic from Monday to Sunday."""

CITIES: Final = (
    (40.71, -74.01), (34.05, -118.24), (41.88, -87.63), (29.76, -95.37), (33.45, -112.07), (39.95, -75.17),
    (29.42, -98.49), (32.72, -117.16), (32.78, -96.80), (37.77, -122.42), (47.61, -122.33), (39.74, -104.99),
    (38.91, -77.04), (42.36, -71.06), (36.16, -86.78), (36.17, -115.14), (45.52, -122.68), (25.76, -80.19),
    (44.98, -93.27), (33.75, -84.39), (28.54, -81.38), (35.23, -80.84), (38.63, -90.20), (40.44, -79.99),
)  # fmt: skip
"""Latitude and longitude."""

MERCHANTS_A_CITY: Final = 14
"""In each category, at least; online ones are everybody's."""
FAVOURITES: Final = 4


@dataclass(frozen=True)
class Merchants:
    """All merchants. `first[city, category]` and `count` say where those of a city and a category lie in
    the arrays; an online category has one row of them, whatever the city."""

    category: Ints
    city: Ints
    latitude: Floats
    longitude: Floats
    dearness: Floats
    first: Ints
    count: int

    def somewhere(self, rng: np.random.Generator, city: Ints, category: Ints) -> Ints:
        """A merchant of each city and category; few are large and many are small."""
        place = np.minimum((self.count * rng.random(len(city)) ** 1.7).astype(np.int64), self.count - 1)
        return self.first[city, category] + place


@dataclass(frozen=True)
class Cards:
    """Cards with homes and habits. `activity` are shares of the traffic; `taste` is [cards, categories],
    cumulative; `favourites` [cards, categories, FAVOURITES] are merchants; `hours` is by how many hours
    the holder's day is shifted; `trips` [cards, trips, 2] are begin and end in days, `abroad` the city."""

    city: Ints
    latitude: Floats
    longitude: Floats
    home_known: npt.NDArray[np.bool_]
    activity: Floats
    spending: Floats
    taste: Floats
    loyalty: Floats
    hours: Floats
    favourites: Ints
    trips: Floats
    abroad: Ints

    def __len__(self) -> int:
        return len(self.city)


def make_merchants(rng: np.random.Generator, cards: int) -> Merchants:
    """Enough merchants for that many cards."""
    cities, kinds = len(CITIES), len(CATEGORIES)
    count = max(MERCHANTS_A_CITY, min(200, cards // (cities * 6)))
    online = np.array([each.online for each in CATEGORIES])
    first = np.empty((cities, kinds), dtype=np.int64)
    town: list[int] = []
    kind: list[int] = []
    for category in range(kinds):
        for city in range(cities):
            if online[category] and city:
                first[city, category] = first[0, category]
                continue
            first[city, category] = len(town) * count
            town.append(city)
            kind.append(category)
    where = np.repeat(np.array(town), count)
    places = np.array(CITIES)[where]
    spread = rng.normal(0.0, 9.0 / KM_A_DEGREE, (len(where), 2))
    return Merchants(
        category=np.repeat(np.array(kind), count),
        city=where,
        latitude=places[:, 0] + spread[:, 0],
        longitude=places[:, 1] + spread[:, 1] * 1.3,
        dearness=rng.normal(0.0, 0.25, len(where)),
        first=first,
        count=count,
    )


def make_cards(rng: np.random.Generator, cards: int, merchants: Merchants, days: float) -> Cards:
    """`cards` cards that live for `days` days."""
    kinds = len(CATEGORIES)
    city = rng.integers(0, len(CITIES), cards)
    homes = np.array(CITIES)[city] + rng.normal(0.0, 8.0 / KM_A_DEGREE, (cards, 2))
    shares = np.array([each.share for each in CATEGORIES])
    taste = rng.gamma(shares * 14.0, size=(cards, kinds)) + 1e-4
    activity = rng.lognormal(0.0, 0.7, cards)
    begin = rng.uniform(0.0, days, (cards, 2))
    begin[rng.random((cards, 2)) < 0.45] = days + 1.0  # no such trip
    favourites = np.stack(
        [
            np.stack(
                [merchants.somewhere(rng, city, np.full(cards, kind)) for _ in range(FAVOURITES)], axis=1
            )
            for kind in range(kinds)
        ],
        axis=1,
    )
    return Cards(
        city=city,
        latitude=homes[:, 0],
        longitude=homes[:, 1],
        home_known=rng.random(cards) < 0.8,
        activity=activity / activity.sum(),
        spending=rng.normal(0.0, 0.45, cards),
        taste=np.cumsum(taste / taste.sum(axis=1, keepdims=True), axis=1),
        loyalty=rng.uniform(0.5, 0.92, cards),
        hours=rng.normal(0.0, 1.4, cards),
        favourites=favourites,
        trips=np.stack([begin, begin + rng.uniform(2.0, 12.0, (cards, 2))], axis=2),
        abroad=rng.integers(0, len(CITIES), (cards, 2)),
    )
