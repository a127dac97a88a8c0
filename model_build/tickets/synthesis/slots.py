"""What goes into the slots of a phrase: what a ticket names once (an order, a product) stays the same
throughout the ticket, numbers are new each time."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from model_build.text.templates import PhraseError, render
from model_build.tickets.synthesis.customers import Customer
from model_build.tickets.synthesis.formats import clock, currency_of, date, money
from model_build.tickets.synthesis.joining import ATTACH
from model_build.tickets.synthesis.library import Tissue
from model_build.tickets.synthesis.names import Names

PRODUCTS: Final = (
    "Norvia Shop",
    "Norvia Desk",
    "Norvia Books",
    "Norvia POS",
    "Norvia CRM",
    "Cartello",
    "Relaya",
)
PLANS: Final = ("Starter", "Team", "Pro", "Business", "Premium")
TOOLS: Final = (
    "Slack", "Excel", "Shopify", "Salesforce", "Google Sheets", "Outlook", "HubSpot", "Zapier", "QuickBooks",
    "WooCommerce", "Teams", "Power BI", "Notion", "Google Calendar", "Mailchimp",
)  # fmt: skip
CALENDARS: Final = ("Outlook", "Google Calendar", "iCloud", "Exchange")
CRMS: Final = ("Salesforce", "HubSpot", "Excel", "Zoho", "Pipedrive")
SHOPS: Final = ("WooCommerce", "Shopify", "PrestaShop", "Magento")
BROWSERS: Final = ("Chrome", "Firefox", "Safari", "Edge")
PRICES: Final = (
    4.99,
    9.9,
    12.5,
    19,
    24.9,
    29,
    39,
    49.95,
    59,
    79,
    89.5,
    99,
    119,
    149,
    189.9,
    240,
    299,
    348,
    480,
    620,
)


class Slots:
    """The values of one ticket's slots; call it with a slot's name."""

    def __init__(
        self,
        *,
        customer: Customer,
        names: Names,
        tissue: Tissue,
        now: datetime,
        rng: random.Random,
        novelty: float,
    ) -> None:
        self.customer = customer
        self.names = names
        self.tissue = tissue
        self.now = now
        self.rng = rng
        self.novelty = novelty
        """The probability that a product is one of the new ones."""
        self.language = customer.language
        self.base = rng.choice(PRICES)
        """The amount it is about; {amount2} is a bigger one."""
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """The value of slot `name`; raises PhraseError when there is no such slot."""
        known = self._known.get(name)
        if known is not None:
            return known
        make = _MADE.get(name)
        if make is not None:
            value = make(self)
        elif name in self.tissue.slots:
            value = render(self.rng.choice(self.tissue.slots[name]), self.rng, self, ATTACH[self.language])
        else:
            raise PhraseError(f"there is no slot '{name}': add it to `slots` in phrases/tissue or correct it")
        if name not in _FRESH:
            self._known[name] = value
        return value

    def month(self, ahead: int) -> str:
        """The name of the month `ahead` months from now."""
        return str(self.tissue.slots["month"][(self.now.month - 1 + ahead) % 12][0])

    def day(self, ahead: int) -> str:
        """The date `ahead` days from now."""
        moment = self.now + timedelta(days=ahead)
        month = str(self.tissue.slots["month"][moment.month - 1][0])
        return date(moment, self.language, month, self.rng)

    def price(self, value: float) -> str:
        """`value` in the currency this ticket uses."""
        currency = self._known.setdefault("currency", currency_of(self.language, self.rng))
        return money(value, self.language, currency)

    def pick(self, *options: str) -> str:
        """One of `options`."""
        return self.rng.choice(options)

    def other(self, options: tuple[str, ...], name: str) -> str:
        """One of `options` that is not the value of slot `name`."""
        taken = self(name)
        return self.rng.choice([option for option in options if option != taken])


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(filter(str.isalpha, plain)).lower()


def _order(at: Slots) -> str:
    number = at.rng.randrange(10_000, 99_999)
    return at.pick(f"#{number}", f"{number}", f"ORD-{number}", f"A{number}")


def _invoice(at: Slots) -> str:
    number = at.rng.randrange(100, 9_999)
    return at.pick(f"INV-{at.now.year}-{number:04}", f"F-{number:05}", f"{at.now.year}/{number}")


def _error(at: Slots) -> str:
    number = at.rng.randrange(100, 9_999)
    return at.pick(
        "500",
        "502",
        "403",
        "504",
        f"ERR_{number:04}",
        f"E-{number}",
        "0x80070005",
        f"AUTH-{number}",
        "TIMEOUT_30",
    )


def _product(at: Slots) -> str:
    if at.rng.random() < at.novelty:
        return at.pick("Aurora Workspace", "Aurora Copilot", "Norvia Voice")
    return at.rng.choice(PRODUCTS)


def _email(at: Slots) -> str:
    first, last = _ascii(at.customer.first), _ascii(at.customer.last)
    return at.pick(f"{first}.{last}@example.com", f"{first[:1]}{last}@example.org", f"{last}@example.net")


def _count(at: Slots) -> str:
    return str(
        at.rng.choice((12, 15, 18, 20, 25, 30, 36, 40, 48, 60, 75, 80, 120, 150, 200, 250, 340, 500, 800))
    )


def _person(at: Slots) -> str:
    return at.rng.choice(at.names.first[at.pick("m", "f")])


_MADE: Final[dict[str, Callable[[Slots], str]]] = {
    "order": _order,
    "invoice": _invoice,
    "error": _error,
    "product": _product,
    "email": _email,
    "count": _count,
    "agent": _person,
    "colleague": _person,
    "plan": lambda at: at.rng.choice(PLANS),
    "plan2": lambda at: at.other(PLANS, "plan"),
    "tool": lambda at: at.rng.choice(TOOLS),
    "calendar": lambda at: at.rng.choice(CALENDARS),
    "crm": lambda at: at.rng.choice(CRMS),
    "shop": lambda at: at.rng.choice(SHOPS),
    "browser": lambda at: at.rng.choice(BROWSERS),
    "amount": lambda at: at.price(at.base),
    "amount2": lambda at: at.price(round(at.base * at.rng.choice((1.19, 1.3, 1.5, 2)) + 3, 1)),
    "loss": lambda at: at.price(at.rng.choice((80, 100, 150, 200, 300, 450, 600))),
    "big_amount": lambda at: at.price(at.rng.choice((4_000, 7_500, 12_000, 18_000, 26_400, 40_000))),
    "percent": lambda at: str(at.rng.choice((5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90, 99))),
    "n": lambda at: str(at.rng.randrange(2, 9)),
    "ext": lambda at: str(at.rng.randrange(101, 799)),
    "four": lambda at: f"{at.rng.randrange(10_000):04}",
    "client": lambda at: str(at.customer.number + 10_000),
    "version": lambda at: f"{at.rng.randrange(2, 9)}.{at.rng.randrange(20)}.{at.rng.randrange(9)}",
    "code": lambda at: at.pick("SPRING", "WELCOME", "NORVIA", "SAVE", "HELLO") + at.pick("10", "15", "20"),
    "date": lambda at: at.day(-at.rng.randrange(2, 45)),
    "deadline": lambda at: at.day(at.rng.randrange(1, 21)),
    "month": lambda at: at.month(-at.rng.randrange(0, 3)),
    "next_month": lambda at: at.month(at.rng.randrange(1, 3)),
    "time": lambda at: clock(at.language, at.rng),
    "first": lambda at: at.customer.first,
    "name": lambda at: f"{at.customer.first} {at.customer.last}",
    "company": lambda at: at.customer.company,
    "city": lambda at: at.customer.city,
    "city2": lambda at: at.other(tuple(str(city[0]) for city in at.tissue.pools["cities"]), "city"),
    "o": lambda at: "o" if at.customer.gender == "m" else "a",
    "e": lambda at: "" if at.customer.gender == "m" else "e",
    "role": lambda at: str(at.rng.choice(at.tissue.pools["roles"])[0]),
    "novelty": lambda at: str(at.rng.choice(at.tissue.pools["novelties"])[0]),
}

_FRESH: Final = frozenset({"n", "count", "percent", "loss", "big_amount", "agent"})

KNOWN: Final = frozenset(_MADE)
"""The slots that need no list in the phrase files."""
