"""AWS's list prices and free allowances, from prices.yaml and what the user has put in its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from cdk.cost.errors import CostError

FILE = Path(__file__).with_name("prices.yaml")

Amount = Annotated[float, msgspec.Meta(ge=0.0)]
Account = Literal["new", "old"]
"""new: since 2025-07-15, with credits. old: made before, and in its first 12 months."""
OLD_UNTIL = date(2026, 7, 15)
"""From this day on no old account is in its first 12 months any more."""


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`per` of `unit` cost `usd`. See prices.yaml for the other fields."""

    usd: Amount
    per: Annotated[float, msgspec.Meta(gt=0.0)]
    unit: str
    page: str
    read: Literal["stored", "third", "known", "own"] = "own"
    by: str | None = None
    always: Amount = 0.0
    first_year: Amount = 0.0
    pool: str | None = None

    def allowance(self, account: Account) -> float:
        """How many are free a month."""
        return max(self.always, self.first_year) if account == "old" else self.always

    def cost(self, used: float) -> float:
        """What `used` beyond any allowance cost."""
        return used / self.per * self.usd


class Credits(msgspec.Struct, frozen=True):
    """What a new account is given, at most, and for how long."""

    usd: Amount
    months: Amount
    page: str
    read: str = "own"
    by: str | None = None


class Prices(msgspec.Struct, frozen=True):
    """All of them by name, and when they were looked up."""

    region: str
    checked: date
    credits: Credits
    prices: dict[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.prices[name]


def load_prices(own: Path | None = None) -> Prices:
    """The prices, those of the file `own` in the place of ours. Raises CostError naming the file and the
    key."""
    raw = _read(FILE)
    if own is not None:
        theirs = _read(own)
        strange = sorted(set(theirs.get("prices", {})) - set(raw["prices"]))
        if strange:
            raise CostError(f"{own}: there is no price '{strange[0]}': {', '.join(raw['prices'])}")
        prices = {
            name: {**price, **theirs.get("prices", {}).get(name, {})} for name, price in raw["prices"].items()
        }
        raw = {**raw, **theirs, "prices": prices}
    try:
        return msgspec.convert(raw, Prices)
    except msgspec.ValidationError as error:
        raise CostError(f"{own or FILE}: {error}".replace("$.", "")) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise CostError(f"{path} does not exist") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CostError(f"{path} is not YAML: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("prices", {}), dict):
        raise CostError(f"{path} must hold `prices:` with an entry a price, as cdk/cost/prices.yaml does")
    return found
