"""Speech that takes too long to transcribe while the caller waits: handed to a worker by a queue."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
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
    """The queue that `later_handler.py` works off. `nudge` wakes it, where it would come by a schedule."""

    def __init__(self, queue: Sender, nudge: Callable[[], None] | None = None) -> None:
        self._queue = queue
        self._nudge = nudge

    def put(self, decision_id: str) -> str | None:
        """Hand over the sound of a decision; returns why not when the queue does not take it.

        It comes before the decision is in the log, so that nothing is provisional that nobody works on. The
        worker waits for the decision to appear, and passes over one that never does or is final.
        """
        once = hashlib.sha256(decision_id.encode()).hexdigest()
        body = msgspec.json.encode(ToTranscribe(decision_id)).decode()
        refused = self._queue.send([Message(body, decision_id, once)]).get(0)
        if refused is None and self._nudge is not None:
            self._nudge()
        return refused
