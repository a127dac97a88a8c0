"""Synthetic support tickets: the training data of a machine that has no real ones yet.

A seeded generator of tickets in English, Spanish and French, with the departments and urgencies that
the ticket model predicts. Every row names its template family in `template_group`; the three
translations of a family share it. A split by that column never has a core statement, or a
translation of it, on both sides. See docs/data-tickets.md for how the data is made and its limits.

    python -m model_build.tickets.synthetic --rows 12000 --seed 7 --out build/tickets/data/synthetic.csv
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from lambdas.core.errors import TriageError
from model_build.errors import ParametersError
from model_build.text.habits import Habits, typed
from model_build.text.mixes import blend
from model_build.tickets.synthesis.compose import Brief, Text, compose
from model_build.tickets.synthesis.customers import Customer, Customers
from model_build.tickets.synthesis.library import LANGUAGES, Family, load
from model_build.tickets.synthesis.mix import (
    CHANNELS,
    DEPARTMENTS,
    MISTAKEN_FOR,
    SUBJECT_MISSING,
    draw,
    draw_urgency,
    neighbour,
)
from model_build.tickets.synthesis.names import draw_names
from model_build.tickets.synthesis.rhythm import Rhythm
from model_build.tickets.synthesis.shift import CHANNELS_AFTER, PRIOR_AFTER, Shift
from model_build.tickets.synthesis.streams import ROW_BITS, Stream, stream

COLUMNS: Final = (
    "ticket_id", "created_at", "customer_id", "language", "channel", "customer_tier", "previous_tickets",
    "subject", "body", "department", "urgency", "template_group",
)  # fmt: skip
"""The columns of the CSV, in order."""

MAY_BE_MISSING: Final = ("subject", "channel", "customer_tier", "previous_tickets")


@dataclass(frozen=True)
class TicketParameters:
    """What to generate; the same parameters give the same rows.

    Rates are shares, 0 to 1. `department_noise` and `urgency_noise` are the labels that are wrong: a
    department that is easily mistaken, an urgency one level off. `typos` scales every writer's own
    sloppiness (0: nobody slips). `missing` holds the rates of MAY_BE_MISSING; a subject is missing
    oftener in chats than in emails. `start` and `end` bound created_at.
    """

    rows: int = 12_000
    seed: int = 7
    languages: Mapping[str, float] = field(default_factory=lambda: {"en": 0.5, "es": 0.25, "fr": 0.25})
    department_noise: float = 0.055
    urgency_noise: float = 0.07
    typos: float = 1.0
    missing: Mapping[str, float] = field(
        default_factory=lambda: {
            "subject": 0.16,
            "channel": 0.06,
            "customer_tier": 0.08,
            "previous_tickets": 0.10,
        }
    )
    start: datetime = datetime(2025, 11, 1, tzinfo=UTC)
    end: datetime = datetime(2026, 11, 1, tzinfo=UTC)
    shift: Shift | None = None

    def __post_init__(self) -> None:
        self._check_numbers()
        if set(self.languages) - set(LANGUAGES) or not sum(self.languages.values()) > 0:
            raise ParametersError(f"languages: give shares of {', '.join(LANGUAGES)} that are not all 0")
        if set(self.missing) - set(MAY_BE_MISSING):
            raise ParametersError(f"missing: only {', '.join(MAY_BE_MISSING)} can be missing")
        if self.start.tzinfo is None or self.end.tzinfo is None or self.start >= self.end:
            raise ParametersError("start and end need a time zone, and start must be before end")
        if self.shift and (self.shift.to not in DEPARTMENTS or not set(self.shift.themes) <= load().themes):
            known = ", ".join(sorted(load().themes))
            raise ParametersError(f"shift: `to` must be a department and each of `themes` one of {known}")

    def _check_numbers(self) -> None:
        if not 0 <= self.rows < 1 << (ROW_BITS - 1) or self.seed < 0:
            raise ParametersError("rows and seed must be 0 or more")
        rates = {
            "department_noise": self.department_noise,
            "urgency_noise": self.urgency_noise,
            **{f"missing.{name}": rate for name, rate in self.missing.items()},
        }
        for name, rate in rates.items():
            if not 0.0 <= rate <= 1.0:
                raise ParametersError(f"{name} is {rate}: it must be 0 to 1")
        if self.typos < 0.0 or any(share < 0.0 for share in self.languages.values()):
            raise ParametersError("typos and the shares of languages cannot be below 0")


def generate(parameters: TicketParameters) -> Iterator[dict[str, str]]:
    """The tickets as rows of COLUMNS, in the order of created_at, one at a time: memory does not grow
    with the number of rows. A missing value is an empty text."""
    return _Generator(parameters).rows()


def write_csv(path: Path, parameters: TicketParameters) -> None:
    """Write `generate(parameters)` to `path` as a UTF-8 CSV: the same parameters, the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(generate(parameters))


@dataclass(frozen=True)
class _Facts:
    """What is true of a ticket before anybody writes or files it."""

    now: datetime
    customer: Customer
    family: Family
    department: str
    urgency: str
    channel: str
    novelty: float


class _Generator:
    def __init__(self, parameters: TicketParameters) -> None:
        self.parameters = parameters
        self.library = load()
        self.names = draw_names(parameters.seed)
        self.rhythm = Rhythm(parameters.start, parameters.end)
        self.customers = Customers(
            rows=parameters.rows,
            seed=parameters.seed,
            languages=parameters.languages,
            names=self.names,
            library=self.library,
        )

    def rows(self) -> Iterator[dict[str, str]]:
        for row in range(self.parameters.rows):
            yield self._row(row)

    def _rng(self, kind: Stream, row: int) -> random.Random:
        return stream(self.parameters.seed, kind, row)

    def _row(self, row: int) -> dict[str, str]:
        facts = self._facts(row)
        customer = facts.customer
        brief = Brief(facts.family, facts.urgency, facts.channel, customer, facts.now, facts.novelty)
        text = compose(brief, self.library, self.names[customer.language], self._rng(Stream.TEXT, row))
        subject, body = self._typed(text, facts, row)
        department, urgency = self._filed(facts, row)
        values = {
            "ticket_id": f"T{self.parameters.seed}-{row + 1:06}",
            "created_at": facts.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "customer_id": f"C{customer.number + 10_000}",
            "language": customer.language,
            "channel": facts.channel,
            "customer_tier": customer.tier,
            "previous_tickets": str(customer.tickets),
            "subject": subject,
            "body": body,
            "department": department,
            "urgency": urgency,
            "template_group": facts.family.id,
        }
        customer.tickets += 1
        return self._with_gaps(values, row)

    def _facts(self, row: int) -> _Facts:
        rng = self._rng(Stream.FACTS, row)
        now = self.rhythm.at((row + rng.random()) / self.parameters.rows)
        customer = self.customers.writer(row, rng)
        department = draw(self._departments(now, customer), rng)
        family = rng.choice(self.library.families[department])
        novelty = self._strength("covariate", now)
        return _Facts(
            now=now,
            customer=customer,
            family=family,
            department=self._moved(family, now, row),
            urgency=draw_urgency(family.severity, customer.tier, rng),
            channel=draw(blend(CHANNELS[department], CHANNELS_AFTER, novelty), rng),
            novelty=novelty,
        )

    def _strength(self, kind: str, now: datetime) -> float:
        shift = self.parameters.shift
        return shift.strength_of(kind, now) if shift else 0.0  # type: ignore[arg-type]

    def _departments(self, now: datetime, customer: Customer) -> dict[str, float]:
        """The department mix: who wrote often before has more to complain about."""
        mix = blend(DEPARTMENTS, PRIOR_AFTER, self._strength("prior", now))
        mix["Complaint"] *= 0.55 + 0.13 * min(customer.tickets, 12)
        return mix

    def _moved(self, family: Family, now: datetime, row: int) -> str:
        """The department that this family's tickets belong to at `now`."""
        shift = self.parameters.shift
        if shift is None or family.theme not in shift.themes:
            return family.department
        moved = self._rng(Stream.SHIFT, row).random() < self._strength("concept", now)
        return shift.to if moved else family.department

    def _filed(self, facts: _Facts, row: int) -> tuple[str, str]:
        """The labels as somebody in a hurry filed them."""
        rng = self._rng(Stream.NOISE, row)
        department, urgency = facts.department, facts.urgency
        if rng.random() < self.parameters.department_noise:
            department = draw(MISTAKEN_FOR[department], rng)
        if rng.random() < self.parameters.urgency_noise:
            urgency = neighbour(urgency, rng)
        return department, urgency

    def _typed(self, text: Text, facts: _Facts, row: int) -> tuple[str, str]:
        """Subject and body as this customer's fingers put them; on the phone an agent types."""
        words = self.library.tissues[facts.customer.language].words
        hasty = facts.channel in ("chat", "social")
        loud = facts.urgency == "critical" or facts.family.department == "Complaint"
        habits = Habits(
            casual=0.0 if facts.channel == "phone" else facts.customer.casual * (1.3 if hasty else 0.7),
            slips=facts.customer.sloppiness * self.parameters.typos * (1.5 if hasty else 1.0),
            shouts=0.06 if loud and facts.channel != "phone" else 0.0,
        )
        subject, body = typed(text.subject, text.body, habits, words, self._rng(Stream.TYPING, row))
        return subject, body + text.tail

    def _with_gaps(self, values: dict[str, str], row: int) -> dict[str, str]:
        """`values` with some that nobody gave."""
        rng = self._rng(Stream.MISSING, row)
        rates = dict(self.parameters.missing)
        rates["subject"] = min(rates.get("subject", 0.0) * SUBJECT_MISSING[values["channel"]], 1.0)
        for name in MAY_BE_MISSING:
            if rng.random() < rates.get(name, 0.0):
                values[name] = ""
        return values


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m model_build.tickets.synthetic",
        description="Write synthetic support tickets (en, es, fr) as a CSV; a seed gives one file.",
    )
    parser.add_argument("--rows", type=int, default=12_000, help="how many tickets (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="which tickets (default: %(default)s)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/tickets/data/synthetic.csv"),
        help="where (default: %(default)s)",
    )
    chosen = parser.parse_args(arguments)
    try:
        write_csv(chosen.out, TicketParameters(rows=chosen.rows, seed=chosen.seed))
    except TriageError as error:
        print(f"triage: {error}", file=sys.stderr)
        return 2
    print(f"{chosen.rows:,} synthetic tickets are in {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
