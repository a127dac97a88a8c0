"""A batch of transactions between the reading of their cards and the writing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lambdas.transactions.event import Event, event_of
from lambdas.transactions.features import request_only
from lambdas.transactions.later import Update
from lambdas.transactions.profile import Profile
from lambdas.transactions.store.interface import Versioned
from lambdas.transactions.terminals import Terminal

FEATURE_STORE: Final = "feature_store"

Row = tuple[float, ...]


class Observed(NamedTuple):
    """A transaction's features, the name of its category, and what was missing for full features."""

    features: Row
    category: str | None
    missing: list[str]


class Folded(NamedTuple):
    """A card's profile `before` and `after` the events at `members`, and its version in the store."""

    version: int
    before: Profile
    after: Profile
    members: list[int]


@dataclass
class Seen:
    """The events of a batch, what was read for them, and what is still to be written."""

    updates: Sequence[Update]
    events: list[Event] = field(init=False)
    left: dict[str, list[int]] = field(init=False)
    """By card, the indices of the events that its stored profile has not seen."""
    was_read: bool = False
    unreadable: list[int] = field(default_factory=list)
    rows: dict[int, Row] = field(default_factory=dict)
    """Features by index, of the events whose card was read."""
    folded: dict[str, Folded] = field(default_factory=dict)
    terminals: dict[str, Terminal] = field(default_factory=dict)
    tried: dict[str, Versioned] = field(default_factory=dict)
    """What would stand in the store if the last write of a card had succeeded."""
    in_doubt: bool = False
    """The last write was sent and not answered: it may have happened."""

    def __post_init__(self) -> None:
        self.events = [event_of(each.request, each.decision_id, each.received) for each in self.updates]
        self.left = {}
        for index, each in enumerate(self.updates):
            self.left.setdefault(each.request.card_id, []).append(index)

    def observed(self) -> list[Observed]:
        """The features of each request, in order: the request's own alone where its card was not read."""
        return [
            Observed(
                self.rows[index] if index in self.rows else request_only(self.events[index]),
                each.request.category,
                [] if index in self.rows else [FEATURE_STORE],
            )
            for index, each in enumerate(self.updates)
        ]

    def keep(self, kept: Iterable[int]) -> None:
        """Forget the events that are not `kept`: no profile is to see them."""
        wanted = set(kept)
        self.unreadable = [index for index in self.unreadable if index in wanted]
        for card, members in list(self.left.items()):
            if not wanted.issuperset(members):
                self.left[card] = [index for index in members if index in wanted]
                if not self.left[card]:
                    del self.left[card]
