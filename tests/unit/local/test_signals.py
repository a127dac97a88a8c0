"""Ending signals: one way out, and held back while something is being written down."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from local import signals
from tests.support.signals import heeded


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    with heeded():
        yield


def test_a_signal_waits_until_the_body_is_done() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):
        with signals.deferred():
            signal.raise_signal(signal.SIGINT)
            done.append("written down")
        done.append("never")
    assert done == ["written down"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_started_meanwhile_can_be_ended() -> None:
    with signals.deferred():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    child.terminate()
    assert child.wait(timeout=30) == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_polite_kill_and_a_closed_terminal_are_interrupts(number: signal.Signals) -> None:
    signals.as_interrupt()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


def test_what_the_caller_had_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals.as_interrupt()
    signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
