"""The people who write: each has a language, a tier, a name, habits and a history that grows."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from model_build.tickets.synthesis.library import Library
from model_build.tickets.synthesis.mix import TIERS, draw
from model_build.tickets.synthesis.names import Names
from model_build.tickets.synthesis.streams import Stream, stream

TICKETS_EACH: Final = 3
"""Rows after which a new customer turns up."""

WINDOW: Final = (60, 20_000)
"""Least and most customers that are active at a time; what bounds the memory."""


@dataclass
class Customer:
    """Who writes. `tickets` counts what they wrote before, also before the first row."""

    number: int
    language: str
    tier: str
    gender: str
    first: str
    last: str
    company: str
    city: str
    sloppiness: float
    """Typos a word, before the rate of the whole data set."""
    casual: float
    """0 writes letters, 1 writes like a teenager."""
    activity: float
    tickets: int


class Customers:
    """The active customers, a sliding window: old ones leave, new ones come, memory stays bounded."""

    def __init__(
        self,
        *,
        rows: int,
        seed: int,
        languages: Mapping[str, float],
        names: Mapping[str, Names],
        library: Library,
    ) -> None:
        self._seed = seed
        self._languages = languages
        self._names = names
        self._cities = {
            language: [str(city[0]) for city in tissue.pools["cities"]]
            for language, tissue in library.tissues.items()
        }
        self._window = min(max(rows // 6, WINDOW[0]), WINDOW[1])
        self._active: dict[int, Customer] = {}

    def writer(self, row: int, rng: random.Random) -> Customer:
        """Who writes ticket `row`; some write much oftener than others. Rows must be asked in order."""
        newest = self._window + row // TICKETS_EACH
        self._active.pop(newest - self._window - 1, None)
        for _ in range(3):
            customer = self._customer(newest - int(self._window * rng.random() ** 1.3))
            if rng.random() < customer.activity:
                break
        return customer

    @property
    def active(self) -> int:
        """How many customers are held in memory."""
        return len(self._active)

    def _customer(self, number: int) -> Customer:
        known = self._active.get(number)
        if known is None:
            known = self._active[number] = self._new(number)
        return known

    def _new(self, number: int) -> Customer:
        rng = stream(self._seed, Stream.CUSTOMER, number)
        language = draw(self._languages, rng)
        names = self._names[language]
        gender = rng.choice("mf")
        return Customer(
            number=number,
            language=language,
            tier=draw(TIERS, rng),
            gender=gender,
            first=rng.choice(names.first[gender]),
            last=rng.choice(names.last),
            company=rng.choice(names.companies),
            city=rng.choice(self._cities[language]),
            sloppiness=rng.choice((0.0, 0.0, 0.01, 0.02, 0.03, 0.06)),
            casual=rng.random() ** 2,
            activity=rng.random() ** 2,
            tickets=0 if rng.random() < 0.35 else min(int(rng.expovariate(0.4)), 40),
        )
