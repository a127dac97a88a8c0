"""Speech that takes too long to transcribe while the caller waits: handed to a worker by a queue."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from lambdas.core.aws import Message


class ToTranscribe(msgspec.Struct, frozen=True):
    """The body of a message: the provisional decision whose sound is to be transcribed."""

    decision_id: str


class Sender(Protocol):
    """What `lambdas.core.aws.Queue` does."""

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Why, by index, each message that was not taken was not."""
        ...


class Later:
    """The queue that `later_handler.py` works off."""

    def __init__(self, queue: Sender) -> None:
        self._queue = queue

    def put(self, decision_id: str) -> str | None:
        """Hand over the sound of a decision; returns why not when the queue does not take it.

        It comes before the decision is in the log, so that nothing is provisional that nobody works on. The
        worker waits for the decision to appear, and passes over one that never does or is final.
        """
        once = hashlib.sha256(decision_id.encode()).hexdigest()
        body = msgspec.json.encode(ToTranscribe(decision_id)).decode()
        return self._queue.send([Message(body, decision_id, once)]).get(0)
