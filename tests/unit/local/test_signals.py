"""Ending signals: one way out, and held back while something is being written down."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from local import signals


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
    former = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        signals.as_interrupt()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
