"""Puts a label on a decision of any service, and tells the learner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from lambdas.core.aws import Message
from lambdas.core.bundle import MANIFEST, decode_manifest
from lambdas.core.decide import utc_now
from lambdas.core.decision_log import DecisionLog, Label, Logged
from lambdas.core.errors import BundleError, DependencyDown, InvalidRequest, NotFound
from lambdas.core.http import Asked
from lambdas.core.labels import GivenLabel, message_of
from lambdas.core.model_store import ObjectReader
from lambdas.core.variant import ROLLOUT, decode_rollout
from lambdas.labels.schema import LabelRequest, LabelResponse

MOST_KNOWN = 100


class Sends(Protocol):
    """Where labels go; `lambdas.core.aws.Queue`."""

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Send each message; returns why, by index, for each that was not taken."""
        ...


class Labelling:
    """Answers `POST /v1/decisions/{id}/label`."""

    def __init__(
        self, log: DecisionLog, reader: ObjectReader, queue: Sends, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._log = log
        self._reader = reader
        self._queue = queue
        self._now = now
        self._known: dict[tuple[str, str], list[str]] = {}

    def __call__(self, asked: Asked) -> LabelResponse:
        """The label as it stands.

        Raises NotFound for an unknown decision, InvalidRequest for a label that is no class of the
        service, Conflict when somebody else gave another label, and DependencyDown. After the last the
        label may stand already; sending it again is safe.
        """
        request: LabelRequest = asked.body
        decision = self._log.get(asked.path.get("id", ""))
        classes = self._classes(decision)
        if classes and request.label not in classes:
            raise InvalidRequest(f"'{request.label}' is none of {', '.join(classes)}", field="label")
        at = self._now()
        self._log.label(decision.decision_id, Label(request.label, at.isoformat(), request.by))
        given = GivenLabel(decision.decision_id, decision.service, request.label, at, request.by)
        refused = self._queue.send([message_of(given)])
        if refused:
            raise DependencyDown(f"the label stands, but learning was not told: {refused[0]}; send it again")
        return LabelResponse(given.decision_id, given.service, given.label, given.by, at.isoformat())

    def _classes(self, decision: Logged) -> list[str]:
        """The classes of the model that decided, or of the live one; none when neither can be read."""
        for version in (decision.version, None):
            try:
                name = version or self._live(decision.service)
                if (decision.service, name) not in self._known:
                    if len(self._known) >= MOST_KNOWN:
                        self._known.clear()
                    self._known[decision.service, name] = self._read(decision.service, name)
                return self._known[decision.service, name]
            except (NotFound, BundleError, DependencyDown):
                continue
        return []

    def _live(self, service: str) -> str:
        found = self._reader.get(f"{service}/{ROLLOUT}")
        return decode_rollout(found.body if found else b"", service).champion.version

    def _read(self, service: str, version: str) -> list[str]:
        """The classes of the head that decides, which is the first."""
        found = self._reader.get(f"{service}/bundles/{version}/{MANIFEST}")
        return decode_manifest(found.body if found else b"", service).heads[0].classes
