"""What a card transaction looks like at the door and on the stream, and what is answered."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec

from lambdas.core.errors import InvalidRequest
from lambdas.core.schema import Decision, Probability
from lambdas.transactions.currencies import CURRENCIES

MAX_BATCH = 100
MOST_AMOUNT = 1_000_000.0
FUTURE = timedelta(minutes=5)
"""How far ahead of ours a terminal's clock may run."""
OLDEST = timedelta(days=400)
"""Older events are refused: nothing of the card's windows reaches that far."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Outcome = Literal["approve", "review", "decline"]
RiskLevel = Literal["low", "medium", "high", "critical"]


class TransactionRequest(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One card transaction. A card and an amount are needed; the more is said, the better it is judged."""

    card_id: Annotated[Identifier, msgspec.Meta(description="The card: its history decides.")]
    amount: Annotated[
        float, msgspec.Meta(gt=0, le=MOST_AMOUNT, description="In the card's billing currency.")
    ]
    currency: Annotated[str, msgspec.Meta(description="The billing currency's ISO 4217 code.")] = "USD"
    transaction_id: Annotated[
        Identifier | None,
        msgspec.Meta(description="Your id. Send it again and you get the same answer, counted once."),
    ] = None
    at: Annotated[
        Moment | None,
        msgspec.Meta(description="When it happened, ISO 8601 with a time zone; now when left out."),
    ] = None
    merchant_id: Annotated[
        Identifier | None, msgspec.Meta(description="The merchant or terminal: its own risk counts.")
    ] = None
    category: Annotated[Name | None, msgspec.Meta(description="The merchant's category.")] = None
    latitude: Annotated[Latitude | None, msgspec.Meta(description="Where it happened.")] = None
    longitude: Longitude | None = None
    home_latitude: Annotated[
        Latitude | None,
        msgspec.Meta(description="Where the holder lives; learned from the card's history when left out."),
    ] = None
    home_longitude: Longitude | None = None

    def check(self, now: datetime, at: str = "") -> None:
        """Raise InvalidRequest for what types cannot say; `at` prefixes the field's name."""
        for name in ("card_id", "transaction_id", "merchant_id", "category"):
            if found := _CONTROL.search(getattr(self, name) or ""):
                raise InvalidRequest(
                    f"control character U+{ord(found.group()):04X} at position {found.start()}: remove it",
                    field=f"{at}{name}",
                )
        if self.currency not in CURRENCIES:
            raise InvalidRequest(
                f"'{self.currency[:20]}' is no ISO 4217 currency code: send one such as USD or EUR",
                field=f"{at}currency",
            )
        for pair in (("latitude", "longitude"), ("home_latitude", "home_longitude")):
            missing = [name for name in pair if getattr(self, name) is None]
            if len(missing) == 1:
                raise InvalidRequest("send both coordinates or neither", field=f"{at}{missing[0]}")
        self._check_time(now, at)

    def _check_time(self, now: datetime, at: str) -> None:
        if self.at is None:
            return
        if self.at > now + FUTURE:
            raise InvalidRequest(
                f"{self.at.isoformat()} is in the future: it is {now.astimezone(UTC).isoformat()}",
                field=f"{at}at",
            )
        if self.at < now - OLDEST:
            raise InvalidRequest(
                f"{self.at.isoformat()} is over {OLDEST.days} days ago: such events are not scored",
                field=f"{at}at",
            )


class ScoreBatchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 100 transactions, scored in one model run, those of a card in the order given."""

    transactions: Annotated[list[TransactionRequest], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]


class Reason(msgspec.Struct):
    """One thing that made the transaction look like fraud."""

    feature: str
    value: float | None
    effect: Annotated[
        float, msgspec.Meta(description="By how much the fraud probability falls when this is usual.")
    ]
    words: Annotated[str, msgspec.Meta(description="The same as a sentence.")]


class TransactionDecision(Decision, kw_only=True):
    """Whether the transaction goes through. `outcome` is approve, review or decline."""

    transaction_id: str | None
    card_id: str
    probability: Annotated[Probability, msgspec.Meta(description="Calibrated probability of fraud.")]
    risk_level: RiskLevel
    scores: Annotated[
        dict[str, float], msgspec.Meta(description="What each model of the ensemble says, 0 to 1.")
    ]
    features: Annotated[
        dict[str, float | None],
        msgspec.Meta(description="What the models saw; null where it was not known."),
    ]
    top_reasons: Annotated[
        list[Reason], msgspec.Meta(description="Strongest first; empty for what is approved.")
    ]


class ScoreBatchResponse(msgspec.Struct):
    """One decision a transaction, in the order of the request."""

    decisions: list[TransactionDecision]
