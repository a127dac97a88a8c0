"""The one path: request -> features -> model variant -> decision policy -> decision log -> response."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Generic

import msgspec

from lambdas.core.breaker import Breaker
from lambdas.core.decision_log import DecisionLog, Entry, Stored, digest_of
from lambdas.core.errors import BundleError, Conflict, DependencyDown
from lambdas.core.model_store import ModelStore, Picked
from lambdas.core.service import Answer, Model, Request, Service, Stamp
from lambdas.core.telemetry import Telemetry


def utc_now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


class Decider(Generic[Request, Answer, Model]):
    """Decides the requests of one service; made once a function, used for every request."""

    def __init__(
        self,
        service: Service[Request, Answer, Model],
        *,
        store: ModelStore[Model],
        log: DecisionLog,
        telemetry: Telemetry,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._service = service
        self._store = store
        self._log = log
        self._telemetry = telemetry
        self._now = now
        self._log_breaker = Breaker("the decision log")
        self._decoder = msgspec.json.Decoder(service.answer)

    def decide(self, requests: Sequence[Request]) -> list[Answer]:
        """One decision a request, in order; a request seen before gets its earlier answer.

        Raises InvalidRequest, and Conflict when an id was used before for different content.
        """
        self._service.check(requests)
        ids = self._ids(requests)
        answers = self._answers(requests, ids)
        return self._logged(requests, answers)

    def _ids(self, requests: Sequence[Request]) -> list[str]:
        """The decision ids: derived from the caller's id where there is one, else random."""
        ids = []
        for request in requests:
            own = self._service.caller_id(request)
            tail = hashlib.sha256(own.encode()).hexdigest()[:32] if own else secrets.token_hex(16)
            ids.append(f"{self._service.name}.{tail}")
        return ids

    def _answers(self, requests: Sequence[Request], ids: Sequence[str]) -> list[Answer]:
        """Decisions by the variant of each request's entity: one model run a variant."""
        self._store.refresh()
        at = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        groups: dict[str | None, tuple[Picked[Model] | None, list[int]]] = {}
        for index, request in enumerate(requests):
            picked = self._store.pick(self._service.entity(request) or ids[index])
            groups.setdefault(picked.variant if picked else None, (picked, []))[1].append(index)
        answers: dict[int, Answer] = {}
        for picked, members in groups.values():
            chosen = [requests[index] for index in members]
            decided = self._by_model(picked, chosen, [ids[index] for index in members], at)
            answers.update(zip(members, decided, strict=True))
        return [answers[index] for index in range(len(requests))]

    def _by_model(
        self, picked: Picked[Model] | None, requests: list[Request], ids: list[str], at: str
    ) -> list[Answer]:
        """The model's answers; the rules' when there is no model or it fails."""
        if picked is not None:
            version = picked.manifest.version
            stamps = [Stamp(own, at, picked.variant, version) for own in ids]
            try:
                return self._service.predict(picked.model, requests, stamps)
            except BundleError as error:
                self._telemetry.model_failed(error.detail, version=version)
        return self._service.rules(requests, [Stamp(own, at, "none", None) for own in ids])

    def _logged(self, requests: Sequence[Request], answers: list[Answer]) -> list[Answer]:
        """`answers` written to the log, with earlier answers in the place of repeated ones."""
        entries = [self._entry(*pair) for pair in zip(requests, answers, strict=True)]
        try:
            stored = self._log_breaker.call(lambda: self._log.record(entries))
        except DependencyDown as error:
            for answer in answers:
                answer.degraded.append("decision_log")
            lost = [{"decision": a, "asked": r} for a, r in zip(answers, requests, strict=True)]
            self._telemetry.log_failed(error.detail, msgspec.to_builtins(lost))
            stored = [None] * len(answers)
        out = []
        for entry, answer, earlier in zip(entries, answers, stored, strict=True):
            if earlier is None:
                self._telemetry.decided(answer.confidence, fallback=answer.source == "rules")
                out.append(answer)
            else:
                out.append(self._earlier(entry, earlier))
        return out

    def _entry(self, request: Request, answer: Answer) -> Entry:
        asked = msgspec.json.encode(request)
        return Entry(answer, digest_of(asked), asked, self._service.name, self._service.entity(request))

    def _earlier(self, entry: Entry, stored: Stored) -> Answer:
        if stored.digest != entry.digest:
            raise Conflict(
                "this id was used before for different content: send a new id, or the same content"
            )
        return self._decoder.decode(stored.answer)
