"""Transactions from a stream: each decided once, in order per card, a whole batch in one go.

What can never be scored goes to the dead-letter queue with the reason, and counts as handled: so does an id
that was used before for different content. What may pass by itself (the decision log or that queue is down)
is reported as failed and comes again; nothing after it was written to the log. A record that comes again
after it was decided gets its earlier decision: the log's conditional write decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from aws_lambda_powertools.utilities.batch import process_partial_response

from lambdas.core.decide import Decider
from lambdas.core.errors import Conflict, DependencyDown, InvalidRequest
from lambdas.core.http import Event, decode
from lambdas.core.telemetry import Telemetry
from lambdas.transactions.dead_letters import Letter
from lambdas.transactions.model import FraudModel
from lambdas.transactions.records import Record, batch_of
from lambdas.transactions.schema import TransactionDecision, TransactionRequest
from lambdas.transactions.service import Item

AT_ONCE = 500
"""Decided together: bounds the memory, and what is tried again when the log goes down half-way."""

Decides = Decider[TransactionRequest, TransactionDecision, FraudModel, Item]


class Refuses(Protocol):
    """Where records go that can never be scored; `lambdas.transactions.dead_letters.DeadLetters`."""

    def send(self, letters: Sequence[Letter]) -> dict[int, str]:
        """Send each letter; returns why, by index, for each that was not taken."""
        ...


class Stream:
    """A Lambda handler over SQS, Kinesis and Kafka events."""

    def __init__(self, decider: Decides, dead_letters: Refuses, telemetry: Telemetry) -> None:
        self._decider = decider
        self._dead_letters = dead_letters
        self._telemetry = telemetry
        self._decoder = msgspec.json.Decoder(TransactionRequest)

    def __call__(self, event: Event, context: Any) -> dict[str, Any]:
        """The partial batch response: which records are to come again."""
        self._telemetry.request(context)
        try:
            batch = batch_of(event)
            if not batch.records:
                return {"batchItemFailures": []}
            fates = dict(zip((id(r.raw) for r in batch.records), self._fates(batch.records), strict=True))

            def report(record: Any) -> None:
                if (failed := fates[id(record.raw_event)]) is not None:
                    raise failed

            return dict(process_partial_response(dict(event), report, batch.processor))
        finally:
            self._telemetry.flush()

    def _fates(self, records: Sequence[Record]) -> list[DependencyDown | None]:
        """For each record None when it is done with, or why it must come again."""
        asked = [self._request(record) for record in records]
        good = [k for k, request in enumerate(asked) if isinstance(request, TransactionRequest)]
        outcomes: dict[int, object] = dict(enumerate(asked))
        for start in range(0, len(good), AT_ONCE):
            part = good[start : start + AT_ONCE]
            decided = self._decider.decide_each([asked[k] for k in part], must_log=True)  # type: ignore[misc]
            outcomes.update(zip(part, decided, strict=True))
            if any(isinstance(outcome, DependencyDown) for outcome in decided):
                later = DependencyDown("what came before it could not be written")
                outcomes.update(dict.fromkeys(good[start + AT_ONCE :], later))
                break
        return self._settled(records, [outcomes[k] for k in range(len(records))])

    def _request(self, record: Record) -> TransactionRequest | InvalidRequest:
        if isinstance(record.content, InvalidRequest):
            return record.content
        try:
            request: TransactionRequest = decode(self._decoder, record.content)
        except InvalidRequest as error:
            return error
        if request.transaction_id is None:
            return InvalidRequest("a record without an id could be scored twice", field="transaction_id")
        return request

    def _settled(self, records: Sequence[Record], outcomes: Sequence[object]) -> list[DependencyDown | None]:
        """Send away what can never be scored; what is left to try again."""
        poison = [(k, o) for k, o in enumerate(outcomes) if isinstance(o, InvalidRequest | Conflict)]
        fates = [o if isinstance(o, DependencyDown) else None for o in outcomes]
        letters = [
            Letter(_content(records[k]), error, records[k].group, records[k].name) for k, error in poison
        ]
        refused = self._dead_letters.send(letters) if letters else {}
        for number, (k, error) in enumerate(poison):
            if number in refused:
                fates[k] = DependencyDown(f"the dead-letter queue: {refused[number]}")
            else:
                self._telemetry.bad_request(error.status, error.detail, error.field)
        return fates


def _content(record: Record) -> bytes:
    if isinstance(record.content, bytes):
        return record.content
    return msgspec.json.encode(record.raw)
