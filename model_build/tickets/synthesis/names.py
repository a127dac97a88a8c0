"""Names of people and companies, drawn once from Faker: one at a time it is too slow for millions of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

LOCALES: Final = {"en": "en_US", "es": "es_ES", "fr": "fr_FR"}
DRAWN: Final = 300


@dataclass(frozen=True)
class Names:
    """Names of one language. `first` maps the grammatical gender, 'm' or 'f', to first names."""

    first: Mapping[str, tuple[str, ...]]
    last: tuple[str, ...]
    companies: tuple[str, ...]


@lru_cache(maxsize=4)
def draw_names(seed: int) -> Mapping[str, Names]:
    """Names by language, the same for the same seed."""
    from faker import Faker

    drawn: dict[str, Names] = {}
    for language, locale in LOCALES.items():
        fake = Faker(locale)
        fake.seed_instance(seed)
        first = {
            "m": tuple(fake.first_name_male() for _ in range(DRAWN)),
            "f": tuple(fake.first_name_female() for _ in range(DRAWN)),
        }
        last = tuple(fake.last_name() for _ in range(DRAWN))
        drawn[language] = Names(first, last, tuple(fake.company() for _ in range(DRAWN)))
    return MappingProxyType(drawn)
