"""A circuit breaker: a dependency that keeps failing is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from lambdas.core.errors import DependencyDown

T = TypeVar("T")


class Breaker:
    """Opens after `failures` DependencyDown in a row, and lets one call try again after `rest` seconds."""

    def __init__(
        self,
        name: str,
        *,
        failures: int = 3,
        rest: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._limit = failures
        self._rest = rest
        self._clock = clock
        self._failed = 0
        self._opened_at = 0.0

    @property
    def is_open(self) -> bool:
        """True while calls are refused without being tried."""
        return self._failed >= self._limit and self._clock() - self._opened_at < self._rest

    def call(self, work: Callable[[], T]) -> T:
        """What `work` returns; raises DependencyDown when it does, or at once while open.

        Any other error of `work` is an answer of a living dependency, and closes the breaker.
        """
        if self.is_open:
            raise DependencyDown(f"{self.name} is left alone after {self._failed} failures")
        try:
            result = work()
        except DependencyDown:
            self._failed += 1
            self._opened_at = self._clock()
            raise
        except Exception:
            self._failed = 0
            raise
        self._failed = 0
        return result
