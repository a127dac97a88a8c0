"""What a service is to the shared path. Tickets, transactions and content each implement this."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from lambdas.core.bundle import Manifest
from lambdas.core.errors import InvalidRequest
from lambdas.core.marks import Marks
from lambdas.core.schema import Decision

Request = TypeVar("Request", bound=msgspec.Struct)
Answer = TypeVar("Answer", bound=Decision)
Model = TypeVar("Model")
Item = TypeVar("Item")


class Stamp(NamedTuple):
    """What the shared path knows about a decision before the service makes it."""

    decision_id: str
    decided_at: str
    variant: str
    model_version: str | None


class Kept(NamedTuple):
    """What the log keeps of what was asked: its JSON, and what tells a retry from other content."""

    asked: bytes
    digest: str


def kept(asked: msgspec.Struct) -> Kept:
    """`asked` kept as it is."""
    raw = msgspec.json.encode(asked)
    return Kept(raw, hashlib.sha256(raw).hexdigest())


def decision_id(service: str, own: str) -> str:
    """The id of the decision about the item that the caller calls `own`."""
    return f"{service}.{hashlib.sha256(own.encode()).hexdigest()[:32]}"


def refuse_repeats(ids: Sequence[str | None], field: Callable[[int], str]) -> None:
    """Raise InvalidRequest when two items carry the same id; `field` names the id of the n-th item."""
    first: dict[str, int] = {}
    for index, own in enumerate(ids):
        if own is not None and first.setdefault(own, index) != index:
            raise InvalidRequest(f"the same id as {field(first[own])}: send each once", field=field(index))


class Service(Protocol[Request, Answer, Model, Item]):
    """One kind of decision.

    Everything here is pure but `open`, which reads the bundle's folder, `prepare` and `settle`.
    """

    name: str
    request: type[Request]
    answer: type[Answer]

    def open(self, folder: Path, manifest: Manifest) -> Model:
        """The model of a verified bundle, tried once; raises BundleError when it does not work."""
        ...

    def caller_id(self, request: Request) -> str | None:
        """The caller's own id of the item, by which a retry is recognised."""
        ...

    def entity(self, request: Request) -> str | None:
        """Whom the item is about: this decides the variant, so one entity always sees the same."""
        ...

    def check(self, requests: Sequence[Request]) -> None:
        """Raise InvalidRequest for what the types cannot say, an id that stands twice among them."""
        ...

    def prepare(self, requests: Sequence[Request], ids: Sequence[str], received: datetime) -> list[Item]:
        """What `predict` and `rules` take, one a request; `ids` are the decisions'.

        Here a service reads what it remembers of an entity. It is called once for what is decided
        together, whatever then becomes of the model. Never raises for a store that is down. Raises
        InvalidRequest for what only shows in reading it.
        """
        ...

    def defer(self, items: Sequence[Item], answers: Sequence[Answer]) -> list[Answer]:
        """The answers, once what of them is still to come has been handed to whoever works on it.

        It comes before the log, so that nothing is promised that nobody works on; what was handed over may
        never get into the log. Never raises: what nobody takes is said in the answer.
        """
        ...

    def keep(self, item: Item) -> Kept:
        """What the log keeps of the item: small, yet enough to show to people and to learn from."""
        ...

    def marks(self, answer: Answer) -> Marks:
        """Whether people hear of `answer` at once, how severe it is, and what of it is still to come."""
        ...

    def settle(self, items: Sequence[Item]) -> None:
        """Remember what was decided: those of the items of one `prepare` whose decisions are in the log.

        It comes after the log, so that what the log refuses or could not take leaves no trace. An item
        may come again when a function died in between. Never raises for a store that is down.
        """
        ...

    def predict(self, model: Model, items: Sequence[Item], stamps: Sequence[Stamp]) -> list[Answer]:
        """The model's decisions, one an item, in one model run. Raises BundleError."""
        ...

    def rules(self, items: Sequence[Item], stamps: Sequence[Stamp]) -> list[Answer]:
        """The decisions when there is no model: always for review."""
        ...
