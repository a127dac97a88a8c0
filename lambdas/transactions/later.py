"""Profile updates that could not be stored: kept until the store is back, and never dropped in silence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from lambdas.core.aws import Message
from lambdas.transactions.schema import TransactionRequest


class Update(msgspec.Struct, frozen=True):
    """A transaction that its card's profile has not seen yet: what `event_of` makes an event of."""

    request: TransactionRequest
    decision_id: str
    received: datetime


class Later(Protocol):
    """Where updates wait."""

    def put(self, updates: Sequence[Update]) -> None:
        """Keep `updates`, in order. Does not raise: there is nobody left to tell."""
        ...


class Log(Protocol):
    """What Powertools' logger does."""

    def error(self, message: object, /, *, extra: Mapping[str, object]) -> None:
        """Write one line; `extra` are its fields."""
        ...


class Sender(Protocol):
    """What `lambdas.core.aws.Queue` does."""

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Why, by index, each message that was not taken was not."""
        ...


_decoder = msgspec.json.Decoder(Update)


class CatchUpQueue:
    """Implements Later: an SQS FIFO queue, a group a card; what it does not take is logged whole.

    `catch_up.py` is behind the queue. The field `update` of a log line is a message's body: sending it to
    the queue replays it (docs/transactions.md).
    """

    def __init__(self, queue: Sender, log: Log) -> None:
        self._queue = queue
        self._log = log

    def put(self, updates: Sequence[Update]) -> None:
        """See Later."""
        messages = [message_of(update) for update in updates]
        for index, why in sorted(self._queue.send(messages).items()):
            body = messages[index].body
            self._log.error("profile update not queued", extra={"detail": why, "update": body})


def message_of(update: Update) -> Message:
    """`update` as a message of its card's group."""
    card = hashlib.sha256(update.request.card_id.encode()).hexdigest()[:32]
    once = hashlib.sha256(update.decision_id.encode()).hexdigest()
    return Message(msgspec.json.encode(update).decode(), card, once)


def update_of(body: str) -> Update:
    """The update in a message's body. Raises msgspec.DecodeError."""
    return _decoder.decode(body)
