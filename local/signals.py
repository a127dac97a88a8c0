"""Ctrl-C, a closed terminal and a polite kill all end a command the same way: cleaned up after."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def as_interrupt() -> None:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt as SIGINT does, unless the caller had them ignored."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Hold back an ending signal until the body is done, so that what it starts is also written down.

    By a handler, not by the signal mask: a child inherits the mask, and could then not be ended.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []

    def keep(number: int, _: FrameType | None) -> None:
        pending.append(number)

    former = {number: signal.signal(number, keep) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        if pending:
            signal.raise_signal(pending[0])
