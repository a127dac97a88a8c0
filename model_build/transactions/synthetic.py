"""`python -m model_build.transactions.synthetic`: a seeded stream of card transactions with fraud in it.

docs/data-transactions.md says how they are made. Everything is numpy: a million take seconds.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from lambdas.core.errors import TriageError
from model_build.errors import ParametersError
from model_build.transactions.synthesis.fraud import Fraud
from model_build.transactions.synthesis.legitimate import legitimate
from model_build.transactions.synthesis.rows import SCENARIOS, Floats, Rows, stacked
from model_build.transactions.synthesis.shift import Shift
from model_build.transactions.synthesis.world import CATEGORIES, Cards, Merchants, make_cards, make_merchants

COLUMNS: Final = (
    "transaction_id", "card_id", "at", "amount", "currency", "merchant_id", "category", "latitude",
    "longitude", "home_latitude", "home_longitude", "is_fraud", "labelled_at", "scenario",
)  # fmt: skip
"""The columns of the CSV, in order. Training reads neither `labelled_at` nor `scenario`."""

DAY: Final = 86_400
WRITTEN_AT_ONCE: Final = 100_000
LEAST_CARDS: Final = 40


@dataclass(frozen=True)
class TransactionParameters:
    """What to generate; the same parameters give the same rows.

    `rows_a_card` is a mean. `fraud` is the share of fraudulent rows. `unreported` is the share of the
    frauds that nobody noticed, labelled legitimate; `disputed` adds holders who deny what they bought, as
    a share of the frauds. `label_days` is the median of the days until a label is known, `most_label_days`
    the most. `unlocated` is the share of purchases in shops whose place is not known.
    """

    rows: int = 100_000
    seed: int = 7
    rows_a_card: float = 160.0
    fraud: float = 0.008
    unreported: float = 0.03
    disputed: float = 0.02
    label_days: float = 3.0
    most_label_days: float = 7.0
    unlocated: float = 0.04
    start: datetime = datetime(2026, 4, 1, tzinfo=UTC)
    end: datetime = datetime(2026, 11, 1, tzinfo=UTC)
    shift: Shift | None = None

    def __post_init__(self) -> None:
        if self.rows < 1 or self.seed < 0 or self.rows_a_card < 1:
            raise ParametersError("rows and rows_a_card must be at least 1, seed at least 0")
        for name in ("fraud", "unreported", "disputed", "unlocated"):
            if not 0.0 <= getattr(self, name) <= 0.5:
                raise ParametersError(f"{name} is {getattr(self, name)}: it must be 0 to 0.5")
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ParametersError("start and end need a time zone")
        if self.end - self.start < timedelta(days=1):
            raise ParametersError("there must be at least a day between start and end")

    @property
    def days(self) -> float:
        """How long the stream is."""
        return (self.end - self.start) / timedelta(days=1)

    def changed(self, kind: str) -> tuple[float, float]:
        """The day and the strength of a shift of that kind; strength 0 when there is none."""
        if self.shift is None or self.shift.kind != kind:
            return self.days + 1.0, 0.0
        return (self.shift.at - self.start) / timedelta(days=1), self.shift.strength


@dataclass(frozen=True)
class Stream:
    """The transactions in the order of their time, and the world they happened in."""

    rows: Rows
    labels: npt.NDArray[np.bool_]
    labelled: Floats
    located: npt.NDArray[np.bool_]
    cards: Cards
    merchants: Merchants


def generate(parameters: TransactionParameters) -> Stream:
    """The stream; `labelled` is the day on which each label is known."""
    rng = np.random.default_rng((parameters.seed, 77))
    count = max(LEAST_CARDS, round(parameters.rows / parameters.rows_a_card))
    merchants = make_merchants(rng, count)
    cards = make_cards(rng, count, merchants, parameters.days)
    made = _fraud(rng, parameters, cards, merchants)
    usual = legitimate(
        rng,
        parameters.rows - len(made),
        cards,
        merchants,
        parameters.start.weekday(),
        parameters.days,
        parameters.changed("covariate"),
    )
    rows = stacked([usual, made])
    rows = rows.take(np.argsort(rows.at, kind="stable"))
    fraud = rows.scenario > 0
    labels = fraud & (rng.random(len(rows)) >= parameters.unreported)
    denied = parameters.disputed * parameters.fraud
    labels |= ~fraud & (rng.random(len(rows)) < denied)
    delay = np.minimum(
        rng.exponential(parameters.label_days / np.log(2.0), len(rows)), parameters.most_label_days
    )
    online = np.array([each.online for each in CATEGORIES])[merchants.category[rows.merchant]]
    located = ~online & (rng.random(len(rows)) >= parameters.unlocated)
    return Stream(rows, labels, rows.at + delay, located, cards, merchants)


def _fraud(
    rng: np.random.Generator, parameters: TransactionParameters, cards: Cards, merchants: Merchants
) -> Rows:
    """The fraudulent rows: before a prior shift, and after it."""
    days = parameters.days
    day, strength = parameters.changed("prior")
    maker = Fraud(rng, cards, merchants, days, parameters.changed("concept"))
    total = parameters.rows * parameters.fraud
    day = min(max(day, 0.0), days)
    parts = []
    for begin, end, times in ((0.0, day, 1.0), (day, days, 1.0 + 2.0 * strength)):
        if end > begin:
            parts.append(maker.rows(round(total * times * (end - begin) / days), begin, end))
    return stacked(parts)


def write_csv(path: Path, parameters: TransactionParameters) -> None:
    """Write the stream to `path` as a UTF-8 CSV: the same parameters, the same bytes."""
    stream = generate(parameters)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for begin in range(0, len(stream.rows), WRITTEN_AT_ONCE):
            writer.writerows(zip(*_columns(stream, parameters, begin, begin + WRITTEN_AT_ONCE), strict=True))


def _columns(stream: Stream, parameters: TransactionParameters, begin: int, end: int) -> list[list[str]]:
    """The rows from `begin` up to `end` as text, column after column."""
    here = slice(begin, end)
    rows, cards, merchants = stream.rows, stream.cards, stream.merchants
    card, merchant = rows.card[here], rows.merchant[here]
    names = [each.name for each in CATEGORIES]
    located, known = stream.located[here], cards.home_known[card]
    return [
        [f"x{parameters.seed}-{number:07}" for number in range(begin + 1, begin + 1 + len(card))],
        [f"c{number:06}" for number in card.tolist()],
        _times(parameters.start, rows.at[here]),
        [f"{max(amount, 0.5):.2f}" for amount in np.minimum(rows.amount[here], 50_000.0).tolist()],
        ["USD"] * len(card),
        [f"m{number:06}" for number in merchant.tolist()],
        [names[number] for number in merchants.category[merchant].tolist()],
        _degrees(merchants.latitude[merchant], located),
        _degrees(merchants.longitude[merchant], located),
        _degrees(cards.latitude[card], known),
        _degrees(cards.longitude[card], known),
        ["1" if label else "0" for label in stream.labels[here].tolist()],
        _times(parameters.start, stream.labelled[here]),
        [SCENARIOS[number] for number in rows.scenario[here].tolist()],
    ]


def _times(start: datetime, days: Floats) -> list[str]:
    seconds = (start.timestamp() + np.floor(days * DAY)).astype("datetime64[s]")
    return [f"{text}Z" for text in np.datetime_as_string(seconds).tolist()]


def _degrees(values: Floats, known: npt.NDArray[np.bool_]) -> list[str]:
    return [
        f"{value:.4f}" if said else "" for value, said in zip(values.tolist(), known.tolist(), strict=True)
    ]


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m model_build.transactions.synthetic",
        description="Write a synthetic stream of card transactions as a CSV; a seed gives one file.",
    )
    parser.add_argument("--rows", type=int, default=100_000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="which ones (default: %(default)s)")
    parser.add_argument(
        "--shift", choices=("covariate", "prior", "concept"), help="what changes, if anything"
    )
    parser.add_argument("--shift-at", help="when it changes, ISO 8601: 2026-09-01")
    parser.add_argument(
        "--out", type=Path, default=Path("build/transactions/data/synthetic.csv"), help="where (%(default)s)"
    )
    chosen = parser.parse_args(arguments)
    try:
        shift = None
        if chosen.shift:
            at = datetime.fromisoformat(chosen.shift_at or "2026-09-01")
            shift = Shift(chosen.shift, at if at.tzinfo else at.replace(tzinfo=UTC))
        write_csv(chosen.out, TransactionParameters(rows=chosen.rows, seed=chosen.seed, shift=shift))
    except TriageError as error:
        print(f"triage: {error}", file=sys.stderr)
        return 2
    print(f"{chosen.rows:,} synthetic transactions are in {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
