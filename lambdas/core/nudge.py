"""Wakes the worker of a queue at once, where it otherwise comes by a schedule (drain.py)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from lambdas.core.errors import DependencyDown

WAIT_SECONDS: Final = "wait_seconds"
"""In the event: how long the worker waits for the first message, which may be delivered with a delay."""
NUDGED: Final = {WAIT_SECONDS: 5}
EVERY_SECONDS: Final = 30.0
"""A busy caller does not start a worker a message: a new account may run ten functions at once, and the API
needs them. What comes in between is found by the worker that runs already, or by the schedule."""


class Starts(Protocol):
    """What `lambdas.core.aws.Started` does."""

    def start(self, event: Mapping[str, Any]) -> None:
        """Have the worker run with `event`. Raises DependencyDown."""
        ...


class Log(Protocol):
    """What Powertools' logger does."""

    def warning(self, message: object, /, *, extra: Mapping[str, object]) -> None:
        """Write one line; `extra` are its fields."""
        ...


class Nudge:
    """Call it when a message is in the queue. It does not raise: the schedule comes anyway."""

    def __init__(self, worker: Starts, log: Log, *, now: Callable[[], float] = time.monotonic) -> None:
        self._worker = worker
        self._log = log
        self._now = now
        self._next = 0.0

    def __call__(self) -> None:
        """Wake the worker, unless this process has just done so."""
        if self._now() < self._next:
            return
        self._next = self._now() + EVERY_SECONDS
        try:
            self._worker.start(NUDGED)
        except DependencyDown as error:
            self._log.warning("the worker was not woken", extra={"detail": error.detail})
