"""A feature store in memory with the real ones' compare-and-set, that fails when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lambdas.core.errors import DependencyDown
from lambdas.transactions.store.interface import ABSENT, Change, Versioned


class MemoryStore:
    """Implements FeatureStore. `times_out` writes happen, and are answered too late."""

    def __init__(self) -> None:
        self.held: dict[str, Versioned] = {}
        self.calls: list[str] = []
        self.read_fails = False
        self.write_fails = False
        self.answer_lost = False
        self.times_out = 0
        self.before_write: Callable[[], None] = lambda: None

    def read(self, keys: Sequence[str]) -> list[Versioned]:
        self.calls.append("read")
        if self.read_fails:
            raise DependencyDown("told to fail")
        return [self.held.get(key, ABSENT) for key in keys]

    def write(self, changes: Sequence[Change]) -> list[bool]:
        self.calls.append("write")
        if self.write_fails:
            raise DependencyDown("told to fail")
        self.before_write()
        done = [self._set(change) for change in changes]
        if self.times_out:
            self.times_out -= 1
            raise DependencyDown("told to answer too late")
        return [False] * len(done) if self.answer_lost else done

    def _set(self, change: Change) -> bool:
        if self.held.get(change.key, ABSENT).version != change.version:
            return False
        self.held[change.key] = Versioned(change.version + 1, change.data)
        return True
