"""What holders do: their usual shopping, trips, large purchases and busy afternoons."""

from __future__ import annotations

from typing import Final

import numpy as np

from model_build.transactions.synthesis.rows import Floats, Ints, Rows, stacked
from model_build.transactions.synthesis.world import CATEGORIES, FAVOURITES, WEEKDAYS, Cards, Merchants

BURST_SHARE: Final = 0.02
"""Of the purchases that belong to a busy afternoon: three to five within two hours."""
LARGE_SHARE: Final = 0.006
ONLINE: Final = tuple(k for k, each in enumerate(CATEGORIES) if each.online)


def legitimate(
    rng: np.random.Generator,
    rows: int,
    cards: Cards,
    merchants: Merchants,
    first_weekday: int,
    days: float,
    changed: tuple[float, float],
) -> Rows:
    """`rows` purchases by their holders; `changed` are the day and the strength of a covariate shift."""
    usual = rows - int(rows * BURST_SHARE)
    card = rng.choice(len(cards), usual, p=cards.activity)
    day = days_of(rng, usual, first_weekday, days)
    shifted = np.where(day >= changed[0], changed[1], 0.0)
    category = _categories(rng, cards, card, shifted)
    at = day + hours_of(rng, category, cards.hours[card], shifted) / 24.0
    made = _bought(rng, cards, merchants, card, category, at, shifted)
    return stacked([made, _bursts(rng, rows - usual, made, cards, merchants, days)])


def days_of(rng: np.random.Generator, rows: int, first_weekday: int, days: float) -> Floats:
    """The day of each purchase, by the rhythm of the week."""
    whole = np.arange(int(np.ceil(days)))
    weights = np.array(WEEKDAYS)[(first_weekday + whole) % 7]
    weights[-1] *= 1.0 - (whole[-1] + 1 - days)
    return rng.choice(len(whole), rows, p=weights / weights.sum()).astype(np.float64)


def hours_of(rng: np.random.Generator, category: Ints, shift: Floats, night: Floats | float = 0.0) -> Floats:
    """The hour of each purchase, 0 to 24, around the hours of its category and the holder's own day."""
    peaks = np.array([each.hours for each in CATEGORIES])
    peak = peaks[category, rng.integers(0, peaks.shape[1], len(category))]
    hour = rng.normal(peak + shift + 4.0 * night, 2.2)
    awake = rng.random(len(category)) < 0.03
    return np.where(awake, rng.uniform(0.0, 24.0, len(category)), hour) % 24.0


def amounts_of(rng: np.random.Generator, category: Ints, level: Floats) -> Floats:
    """An amount of each category, for a holder and merchant of that `level`."""
    centre = np.array([each.amount for each in CATEGORIES])[category]
    spread = np.array([each.spread for each in CATEGORIES])[category]
    return np.exp(rng.normal(centre + level, spread))


def _categories(rng: np.random.Generator, cards: Cards, card: Ints, shifted: Floats) -> Ints:
    drawn = (rng.random(len(card))[:, None] > cards.taste[card]).sum(axis=1)
    category = np.minimum(drawn, len(CATEGORIES) - 1)
    moved = rng.random(len(card)) < 0.3 * shifted
    return np.where(moved, rng.choice(ONLINE[1:], len(card)), category)


def _bought(
    rng: np.random.Generator,
    cards: Cards,
    merchants: Merchants,
    card: Ints,
    category: Ints,
    at: Floats,
    shifted: Floats,
) -> Rows:
    rows = len(card)
    city = cards.city[card]
    away = np.zeros(rows, dtype=bool)
    for trip in range(cards.trips.shape[1]):
        on_trip = (at >= cards.trips[card, trip, 0]) & (at < cards.trips[card, trip, 1])
        city = np.where(on_trip, cards.abroad[card, trip], city)
        away |= on_trip
    merchant = merchants.somewhere(rng, city, category)
    # Loyalty is skewed: the first favourite is the daily one.
    favourite = np.minimum((FAVOURITES * rng.random(rows) ** 1.6).astype(np.int64), FAVOURITES - 1)
    loyal = ~away & (rng.random(rows) < cards.loyalty[card])
    merchant = np.where(loyal, cards.favourites[card, category, favourite], merchant)
    amount = amounts_of(rng, category, cards.spending[card] + merchants.dearness[merchant])
    large = rng.random(rows) < LARGE_SHARE
    amount = np.where(large, amount * rng.uniform(3.0, 12.0, rows), amount) * (1.0 + 0.6 * shifted)
    return Rows(card, merchant, at, amount, np.zeros(rows, dtype=np.int64))


def _bursts(
    rng: np.random.Generator, rows: int, made: Rows, cards: Cards, merchants: Merchants, days: float
) -> Rows:
    """Purchases soon after others of the same card, at shops it may not know."""
    started = np.repeat(rng.integers(0, len(made), rows // 3 + 1), 3)[:rows]
    card = made.card[started]
    category = np.minimum((rng.random(rows)[:, None] > cards.taste[card]).sum(axis=1), len(CATEGORIES) - 1)
    city = merchants.city[made.merchant[started]]
    online = np.isin(merchants.category[made.merchant[started]], ONLINE)
    merchant = merchants.somewhere(rng, np.where(online, cards.city[card], city), category)
    at = np.minimum(made.at[started] + rng.uniform(0.1, 2.0, rows) / 24.0, days - 1e-6)
    amount = amounts_of(rng, category, cards.spending[card] + merchants.dearness[merchant])
    return Rows(card, merchant, at, amount, np.zeros(rows, dtype=np.int64))
