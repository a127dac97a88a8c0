"""What fraudsters do: five scenarios, each a number of episodes on some card or terminal."""

from __future__ import annotations

from typing import Final

import numpy as np

from model_build.transactions.synthesis.legitimate import ONLINE, amounts_of, hours_of
from model_build.transactions.synthesis.rows import (
    SKIMMING,
    STOLEN,
    TAKEOVER,
    TERMINAL,
    TESTING,
    Floats,
    Ints,
    Rows,
    stacked,
)
from model_build.transactions.synthesis.world import CATEGORIES, CITIES, Cards, Merchants

MIX: Final = {STOLEN: 0.30, TERMINAL: 0.25, TAKEOVER: 0.18, TESTING: 0.15, SKIMMING: 0.12}
"""The scenarios' shares of the fraudulent transactions."""

_NAMES = [each.name for each in CATEGORIES]
RESOLD: Final = tuple(_NAMES.index(name) for name in ("electronics", "clothing", "fuel", "grocery"))
"""What is bought to be sold again, by how well it sells."""
SOLD: Final = (0.5, 0.25, 0.1, 0.15)


class Fraud:
    """Makes the episodes. `concept` are the day and the strength from which fraudsters look like holders."""

    def __init__(
        self,
        rng: np.random.Generator,
        cards: Cards,
        merchants: Merchants,
        days: float,
        concept: tuple[float, float],
    ) -> None:
        self.rng, self.cards, self.merchants, self.days, self.concept = rng, cards, merchants, days, concept

    def rows(self, count: int, begin: float, end: float) -> Rows:
        """`count` fraudulent transactions whose episodes start between the days `begin` and `end`."""
        makers = {
            STOLEN: self._stolen, TERMINAL: self._terminal, TAKEOVER: self._takeover,
            TESTING: self._testing, SKIMMING: self._skimming,
        }  # fmt: skip
        parts: list[Rows] = []
        for scenario, share in MIX.items():
            wanted = round(count * share)
            made = makers[scenario](wanted, begin, end)
            parts.append(made.take(np.arange(min(wanted, len(made)))))
        found = stacked(parts)
        missing = count - len(found)
        if missing > 0:
            extra = self._stolen(missing, begin, end)
            found = stacked([found, extra.take(np.arange(missing))])
        return found.take(np.arange(count))

    def _episodes(
        self, count: int, low: int, high: int, begin: float, end: float
    ) -> tuple[Ints, Floats, Ints, Floats]:
        """At least `count` transactions in episodes of `low` to `high`: the card of each, the start of its
        episode, its place in the episode, and a number of 0 to 1 that the episode shares."""
        sizes = self.rng.integers(low, high + 1, 2 * count // (low + high) + count // low + 2)
        sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), count)) + 1]
        card = np.repeat(self.rng.choice(len(self.cards), len(sizes)), sizes)
        start = np.repeat(self.rng.uniform(begin, end, len(sizes)), sizes)
        place = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return card, start, place, np.repeat(self.rng.random(len(sizes)), sizes)

    def _resold(self, rows: int) -> Ints:
        """Categories of what is bought to be sold again."""
        return self.rng.choice(RESOLD, rows, p=SOLD)

    def _made(self, card: Ints, merchant: Ints, at: Floats, amount: Floats, scenario: int) -> Rows:
        """The rows, with what a concept shift hides of them."""
        rng, rows = self.rng, len(card)
        hidden = (at >= self.concept[0]) & (rng.random(rows) < self.concept[1])
        category = self.merchants.category[merchant]
        home = self.merchants.somewhere(rng, self.cards.city[card], category)
        usual = amounts_of(rng, category, self.cards.spending[card])
        day = np.floor(at) + hours_of(rng, category, self.cards.hours[card]) / 24.0
        at = np.minimum(np.where(hidden, day, at), self.days - 1e-6)
        return Rows(
            card,
            np.where(hidden, home, merchant),
            at,
            np.where(hidden, usual, amount),
            np.full(rows, scenario, dtype=np.int64),
        )

    def _stolen(self, count: int, begin: float, end: float) -> Rows:
        """The card is in other hands: a burst within hours, in its own city, on what can be sold again."""
        rng = self.rng
        card, start, place, own = self._episodes(count, 4, 12, begin, end)
        category = self._resold(len(card))
        merchant = self.merchants.somewhere(rng, self.cards.city[card], category)
        at = start + place * (0.25 + 1.5 * own) / 24.0 + rng.uniform(0.0, 0.2, len(card)) / 24.0
        raised = rng.normal(1.1, 0.5, len(card))
        amount = amounts_of(rng, category, self.cards.spending[card] + raised)
        return self._made(card, merchant, at, amount, STOLEN)

    def _terminal(self, count: int, begin: float, end: float) -> Rows:
        """A shop's terminal is compromised for weeks: copies of the cards that paid there are used at it."""
        rng = self.rng
        each = 18
        terminals = count // each + 1
        instore = np.flatnonzero(~np.isin(self.merchants.category, ONLINE))
        merchant = np.repeat(rng.choice(instore, terminals), each)
        begins = np.repeat(rng.uniform(begin, max(begin, end - 20.0), terminals), each)
        rows = len(merchant)
        city = self.merchants.city[merchant]
        card = _cards_of(rng, self.cards, city)
        category = self.merchants.category[merchant]
        at = np.floor(begins + rng.uniform(0.0, 28.0, rows))
        at = at + hours_of(rng, category, np.zeros(rows)) / 24.0
        amount = amounts_of(rng, category, self.cards.spending[card] + rng.normal(0.3, 0.4, rows))
        kept = at < self.days
        return self._made(card[kept], merchant[kept], at[kept], amount[kept], TERMINAL)

    def _takeover(self, count: int, begin: float, end: float) -> Rows:
        """The account is used from far away, at the hours of somewhere else, for large amounts."""
        rng = self.rng
        card, start, place, own = self._episodes(count, 3, 8, begin, end)
        far = (self.cards.city[card] + 1 + (own * (len(CITIES) - 1)).astype(np.int64)) % len(CITIES)
        category = np.where(
            rng.random(len(card)) < 0.5, rng.choice(ONLINE, len(card)), self._resold(len(card))
        )
        merchant = self.merchants.somewhere(rng, far, category)
        night = np.floor(start) + (1.0 + 5.0 * own) / 24.0
        start = np.where(own < 0.6, night, start)
        at = start + place * (0.5 + 6.0 * own) / 24.0 + rng.uniform(0.0, 0.4, len(card)) / 24.0
        amount = amounts_of(rng, category, self.cards.spending[card] + rng.normal(1.3, 0.5, len(card)))
        return self._made(card, merchant, at, amount, TAKEOVER)

    def _testing(self, count: int, begin: float, end: float) -> Rows:
        """Small amounts online within minutes, to see whether the card works, then what it gives."""
        rng = self.rng
        card, start, place, own = self._episodes(count, 4, 9, begin, end)
        category = rng.choice(ONLINE[1:], len(card))
        merchant = self.merchants.somewhere(rng, self.cards.city[card], category)
        at = start + place * (0.02 + 0.3 * own) / 24.0 + rng.uniform(0.0, 0.05, len(card)) / 24.0
        small = rng.uniform(0.5, 6.0, len(card))
        large = amounts_of(rng, category, self.cards.spending[card] + 1.0)
        amount = np.where(place >= 4, np.where(rng.random(len(card)) < 0.5, large, small), small)
        return self._made(card, merchant, at, amount, TESTING)

    def _skimming(self, count: int, begin: float, end: float) -> Rows:
        """A copy of the card buys modestly every few days for weeks: nearly what the holder does."""
        rng = self.rng
        card, start, place, _ = self._episodes(count, 3, 10, begin, max(begin, end - 15.0))
        category = self._resold(len(card))
        merchant = self.merchants.somewhere(rng, self.cards.city[card], category)
        day = np.floor(start + place * rng.uniform(1.0, 3.5, len(card)))
        usual = hours_of(rng, category, np.zeros(len(card)))
        odd = rng.random(len(card)) < 0.4
        at = day + np.where(odd, rng.uniform(0.0, 24.0, len(card)), usual) / 24.0
        amount = amounts_of(rng, category, self.cards.spending[card] + rng.normal(0.8, 0.4, len(card)))
        kept = at < self.days
        return self._made(card[kept], merchant[kept], at[kept], amount[kept], SKIMMING)


def _cards_of(rng: np.random.Generator, cards: Cards, city: Ints) -> Ints:
    """A card of a holder who lives in each city, or any card where nobody does."""
    order = np.argsort(cards.city, kind="stable")
    bounds = np.searchsorted(cards.city[order], np.arange(len(CITIES) + 1))
    living = bounds[city + 1] - bounds[city]
    place = bounds[city] + (rng.random(len(city)) * living).astype(np.int64)
    return np.where(living > 0, order[np.minimum(place, len(order) - 1)], rng.choice(len(cards), len(city)))
