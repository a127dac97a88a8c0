"""Callers who go on asking while something is broken, and remember what they were told."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from lambdas.core.service import decision_id
from local.drills.patience import until
from local.drills.report import Seen
from local.errors import CallFailed
from local.stack import Stack

Body = dict[str, Any]
TICKETS: Final = (
    ("I was charged twice on my card for this invoice, please refund it", "en"),
    ("La aplicación se cierra cuando abro la factura", "es"),
    ("Pourriez-vous ajouter un mode sombre à l'application ?", "fr"),
)


@dataclass(frozen=True)
class Ask:
    """How to ask one service: where, and what with the caller's id `own`."""

    service: str
    path: str
    body: Callable[[str], Body]


def tickets() -> Ask:
    """Tickets in three languages."""

    def body(own: str) -> Body:
        text, language = TICKETS[int(own[-2:], 16) % len(TICKETS)]
        return {"ticket_id": own, "body": text, "language": language, "customer_id": own[-4:]}

    return Ask("tickets", "/v1/tickets:classify", body)


def payments() -> Ask:
    """Small card payments."""

    def body(own: str) -> Body:
        amount = 5 + int(own[-2:], 16) / 8
        return {
            "transaction_id": own, "card_id": f"drill-{own[-3:]}", "merchant_id": "m-drill", "amount": amount,
            "currency": "USD", "category": "grocery_pos",
        }  # fmt: skip

    return Ask("transactions", "/v1/transactions:score", body)


@dataclass
class Traffic:
    """One caller in a thread of its own, a request after the other with `pause` seconds between; a context
    manager. `answered` maps the decision ids that callers were given to what they were told."""

    stack: Stack
    ask: Ask
    pause: float = 0.1
    seen: Seen = field(default_factory=Seen)
    answered: dict[str, Body] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="caller", daemon=True)

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *about: object) -> None:
        self._end.set()
        self._thread.join()

    def one(self) -> Body | None:
        """Ask once; the decision, None when there was none."""
        own = uuid.uuid4().hex
        self.seen.asked += 1
        try:
            answer = self.stack.call("POST", self.ask.path, self.ask.body(own))
            decision: Body = answer.json() if answer.status == 200 else {}
        except CallFailed:
            self.seen.answers["no answer"] += 1
            return None
        if answer.status != 200:
            self.seen.answers[f"HTTP {answer.status}"] += 1
            return None
        self.seen.answers[kind_of(decision)] += 1
        self.answered[decision_id(self.ask.service, own)] = decision
        return decision

    def _go_on(self) -> None:
        while not self._end.is_set():
            self.one()
            self._end.wait(self.pause)

    def wait_for(self, count: int, seconds: float = 30.0) -> None:
        """Return once `count` more callers were told something, or after `seconds`."""
        wanted = self.seen.answers.total() + count
        until(lambda: self.seen.answers.total() >= wanted, seconds, pause=0.1)


def kind_of(decision: Body) -> str:
    """An answer in a few words."""
    missing = [name.replace("_", " ") for name in decision["degraded"] if name != "model"]
    by = f"by the {'rules' if decision['source'] == 'rules' else 'model'}"
    return f"{by}, without the {' and the '.join(missing)}" if missing else by
