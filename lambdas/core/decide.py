"""The one path: request -> features -> model variant -> decision policy -> decision log -> response."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Generic

import msgspec

from lambdas.core.answering import Answering, Made
from lambdas.core.breaker import Breaker
from lambdas.core.decision_log import DecisionLog, Entry
from lambdas.core.errors import Conflict, DependencyDown, InvalidRequest, TriageError
from lambdas.core.model_store import ModelStore
from lambdas.core.service import Answer, Item, Model, Request, Service, decision_id
from lambdas.core.telemetry import Telemetry

SETTLES_AGAIN: Final = timedelta(hours=24)
"""As long as a stream may bring back a record of a function that died half-way."""


def utc_now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """A time in UTC as text, to the millisecond; later times sort after earlier ones."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Decider(Generic[Request, Answer, Model, Item]):
    """Decides the requests of one service; made once a function, used for every request."""

    def __init__(
        self,
        service: Service[Request, Answer, Model, Item],
        *,
        store: ModelStore[Model],
        log: DecisionLog,
        telemetry: Telemetry,
        sample: float = 0.0,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """`sample` is the share of clear decisions, 0 to 1, that people are to look at all the same."""
        self.store = store
        self.log = log
        self._service = service
        self._telemetry = telemetry
        self._sample = sample
        self._now = now
        self._log_breaker = Breaker("the decision log")
        self._answering = Answering(service, store, telemetry)
        self._decoder = msgspec.json.Decoder(service.answer)

    def decide(self, requests: Sequence[Request]) -> list[Answer]:
        """One decision a request, in order; a request seen before gets its earlier answer.

        Raises InvalidRequest, and Conflict when an id was used before for different content.
        """
        self._service.check(requests)
        answers = []
        for outcome in self._outcomes(requests, must_log=False):
            if isinstance(outcome, TriageError):
                raise outcome
            answers.append(outcome)
        return answers

    def decide_each(
        self, requests: Sequence[Request], *, must_log: bool = False
    ) -> list[Answer | TriageError]:
        """What became of each request: a decision, or why there is none; one never spoils the others.

        An id that comes again with the same content gets the same outcome, with another it is a Conflict.
        With `must_log` a decision that the log would not take is a DependencyDown, to be tried again, and
        nothing after it was written.
        """
        outcomes: dict[int, Answer | TriageError] = {}
        first: dict[str, int] = {}
        again: dict[int, int] = {}
        for index, request in enumerate(requests):
            try:
                self._service.check([request])
            except InvalidRequest as error:
                outcomes[index] = error
                continue
            own = self._service.caller_id(request)
            if own is not None and first.setdefault(own, index) != index:
                again[index] = first[own]
        new = [index for index in range(len(requests)) if index not in outcomes and index not in again]
        outcomes.update(zip(new, self._outcomes([requests[k] for k in new], must_log=must_log), strict=True))
        for index, earlier in again.items():
            same = requests[index] == requests[earlier]
            outcomes[index] = outcomes[earlier] if same else _reused()
        return [outcomes[index] for index in range(len(requests))]

    def _outcomes(self, requests: Sequence[Request], *, must_log: bool) -> list[Answer | TriageError]:
        """The outcomes of checked requests of different ids."""
        if must_log and self._log_breaker.is_open:
            return [DependencyDown("the decision log is left alone for now")] * len(requests)
        if not requests:
            return []
        ids, now = self._ids(requests), self._now()
        items = self._service.prepare(requests, ids, now)
        at = stamp(now)
        entities = [self._service.entity(request) for request in requests]
        made = self._answering.make(items, ids, entities, at)
        answers = self._service.defer(items, [each.answer for each in made])
        entries = [self._entry(*each) for each in zip(entities, items, answers, made, strict=True)]
        outcomes, settled = self._logged(entries, answers, now, must_log=must_log)
        self._service.settle([items[index] for index in settled])
        return outcomes

    def _ids(self, requests: Sequence[Request]) -> list[str]:
        """The decision ids: derived from the caller's id where there is one, else random."""
        own = (self._service.caller_id(request) for request in requests)
        return [decision_id(self._service.name, each or secrets.token_hex(16)) for each in own]

    def _logged(
        self,
        entries: Sequence[Entry],
        answers: list[Answer],
        now: datetime,
        *,
        must_log: bool,
    ) -> tuple[list[Answer | TriageError], list[int]]:
        """`answers` written to the log as `entries`, with earlier answers in the place of repeated ones.

        Also returns which of them the service is to settle: the new ones, and those that were new so
        recently that the function may have died before it settled them.
        """
        try:
            stored = self._log_breaker.call(lambda: self.log.record(entries))
        except DependencyDown as error:
            if must_log:
                self._telemetry.log_refused(error.detail, len(answers))
                return [error] * len(answers), []
            for answer in answers:
                answer.degraded.append("decision_log")
            lost = [
                {"decision": msgspec.to_builtins(each.decision), "asked": msgspec.json.decode(each.asked)}
                for each in entries
            ]
            self._telemetry.log_failed(error.detail, lost)
            stored = [None] * len(answers)
        out: list[Answer | TriageError] = []
        settled: list[int] = []
        for index, (entry, answer, earlier) in enumerate(zip(entries, answers, stored, strict=True)):
            if earlier is None:
                self._telemetry.decided(answer.confidence, fallback=answer.source == "rules")
                out.append(answer)
                settled.append(index)
            elif earlier.digest != entry.digest:
                out.append(_reused())
            else:
                before = self._decoder.decode(earlier.answer)
                out.append(before)
                if now - datetime.fromisoformat(before.decided_at) < SETTLES_AGAIN:
                    settled.append(index)
        return out, settled

    def _entry(self, entity: str | None, item: Item, answer: Answer, made: Made[Answer]) -> Entry:
        asked, digest = self._service.keep(item)
        return Entry(
            answer,
            digest,
            asked,
            self._service.name,
            entity,
            self._service.marks(answer),
            self._sample,
            made.assigned,
            made.version,
            made.ms,
            made.other,
        )


def _reused() -> Conflict:
    return Conflict("this id was used before for different content: send a new id, or the same content")
