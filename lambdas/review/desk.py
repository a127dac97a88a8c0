"""The routes of the queue: from what is asked over HTTP to the parts that answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, get_args

from lambdas.core.decide import stamp
from lambdas.core.errors import InvalidRequest
from lambdas.core.http import Asked
from lambdas.review import lines
from lambdas.review.agreement import agreement_of, quality_of
from lambdas.review.claims import Claims
from lambdas.review.item import Item
from lambdas.review.moves import Moves
from lambdas.review.opened import Opener
from lambdas.review.reviewer import Reviewer, reviewer_of
from lambdas.review.schema import (
    MOST_LISTED,
    ActionResponse,
    AgreementResponse,
    ClaimRequest,
    ClaimResponse,
    Kind,
    NoteRequest,
    QualityResponse,
    Review,
    ReviewList,
    State,
    VerdictRequest,
)
from lambdas.review.tables import Tables
from lambdas.review.verdicts import Verdicts

LISTED: Final = 25

Word = TypeVar("Word", bound=str)


@dataclass(frozen=True)
class Desk:
    """What a reviewer may do; each method answers one route, for the person of the verified token."""

    tables: Tables
    claims: Claims
    moves: Moves
    verdicts: Verdicts
    opener: Opener
    services: Sequence[str]
    client: str

    def list(self, asked: Asked) -> ReviewList:
        """The items of a state, in the order in which they are handed out."""
        who, query, at = self._who(asked), asked.query, stamp(self.moves.now())
        state: State | None = _word(query, "state", get_args(State))
        kind: Kind | None = _word(query, "kind", get_args(Kind))
        service = _word(query, "service", self.services)
        page = lines.read(
            self.tables,
            lines.sources([service] if service else self.services, state, at, lead=who.lead),
            limit=_limit(query),
            places=lines.places_of(query.get("cursor")),
            wanted=lambda item: kind is None or item.kind == kind,
        )
        summaries = [item.summary(who.name, at) for item in page.items]
        return ReviewList(summaries, lines.cursor_of(page.places))

    def claim(self, asked: Asked) -> ClaimResponse:
        """The next item, or the one that was named, claimed and opened."""
        who, wanted = self._who(asked), _body(asked, ClaimRequest)
        if wanted.id is not None:
            item: Item | None = self.claims.named(who, wanted.id)
        else:
            service = _word({"service": wanted.service}, "service", self.services)
            item = self.claims.next(who, service=service, kind=wanted.kind)
        return ClaimResponse(self.opener.open(who, item.id) if item else None)

    def show(self, asked: Asked) -> Review:
        """One item whole."""
        who = self._who(asked)
        return self.opener.open(who, asked.path["id"])

    def verdict(self, asked: Asked) -> ActionResponse:
        """The item after a verdict."""
        who = self._who(asked)
        return self._after(who, self.verdicts.give(who, asked.path["id"], _body(asked, VerdictRequest)))

    def skip(self, asked: Asked) -> ActionResponse:
        """The item after it was skipped."""
        return self._moved(asked, self.moves.skip)

    def escalate(self, asked: Asked) -> ActionResponse:
        """The item after it was passed on to a lead."""
        return self._moved(asked, self.moves.escalate)

    def release(self, asked: Asked) -> ActionResponse:
        """The item after it was let go."""
        return self._moved(asked, self.moves.release)

    def agreement(self, asked: Asked) -> AgreementResponse:
        """How well two people agree, by service."""
        self._who(asked)
        return AgreementResponse([agreement_of(name, self.tables.counters(name)) for name in self.services])

    def quality(self, asked: Asked) -> QualityResponse:
        """How often people would have decided a clear decision otherwise, by service."""
        self._who(asked)
        return QualityResponse([quality_of(name, self.tables.counters(name)) for name in self.services])

    def _who(self, asked: Asked) -> Reviewer:
        return reviewer_of(asked.who, self.client)

    def _moved(self, asked: Asked, move: Callable[[Reviewer, str, str], Item]) -> ActionResponse:
        who = self._who(asked)
        return self._after(who, move(who, asked.path["id"], _body(asked, NoteRequest).note))

    def _after(self, who: Reviewer, item: Item) -> ActionResponse:
        return ActionResponse(item.summary(who.name, stamp(self.moves.now())))


Body = TypeVar("Body")


def _body(asked: Asked, kind: type[Body]) -> Body:
    """The body, which was decoded as `kind` at the door."""
    assert isinstance(asked.body, kind)  # noqa: S101 - what the route was made with
    return asked.body


def _word(query: Mapping[str, Any], name: str, known: Sequence[str]) -> Any:
    """The value of `name`, one of `known`, or None. Raises InvalidRequest."""
    value = query.get(name)
    if not value:
        return None
    if value not in known:
        raise InvalidRequest(f"'{value}' is none of {', '.join(known)}", field=name)
    return value


def _limit(query: Mapping[str, str]) -> int:
    raw = query.get("limit") or str(LISTED)
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw) <= MOST_LISTED:
        raise InvalidRequest(f"the limit is 1 to {MOST_LISTED}", field="limit")
    return int(raw)
