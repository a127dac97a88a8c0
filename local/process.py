"""Processes started here, and how they end: always by id, the whole group, asked before they are forced."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from local.errors import Interrupted, Misused, StepFailed, with_log

GRACE_SECONDS = 15.0


def end_group(pid: int, grace: float = GRACE_SECONDS, patience: float = 2.0) -> None:
    """End the process `pid`, a group leader, with its whole group; return when all are gone.

    The leader is asked first and given `grace` seconds, so that it can save and end its own
    children; whatever is left of the group is asked, and after `patience` seconds killed.
    """
    members = _group(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    _wait([process for process in members if process.pid == pid], grace)
    left = {process.pid: process for process in [*members, *_group(pid)] if _alive(process)}
    for send, seconds in ((psutil.Process.terminate, patience), (psutil.Process.kill, 5.0)):
        for process in left.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                send(process)
        left = {process.pid: process for process in _wait(list(left.values()), seconds)}


def _group(pgid: int) -> list[psutil.Process]:
    """The processes of the group `pgid`; psutil guards each against a reused id from here on."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == pgid:
                found.append(process)
    return found


def _wait(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those still there after `seconds`, sooner when all end.

    A zombie has ended: its parent may be a process that never asks, so it is not waited for.
    """
    deadline = time.monotonic() + seconds
    while left := [process for process in processes if _alive(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    psutil.wait_procs(processes, timeout=0)
    return left


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Commands:
    """Runs commands to their end, several at a time from several threads, and can end them all.

    Each gets a session of its own, so that Ctrl-C reaches this process alone and one place decides.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._stopped = False

    def run(self, command: Sequence[str], *, what: str, cwd: Path, env: Mapping[str, str], log: Path) -> None:
        """Run `command` with its output in `log`.

        Raises StepFailed with the log's end when it does not exit with 0, Interrupted after `stop`.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = self._start(command, cwd, env, output.fileno())
            try:
                code = process.wait()
            finally:
                with self._lock:
                    self._running.pop(process.pid, None)
        if self._stopped:
            raise Interrupted(f"{what} was stopped.")
        if code != 0:
            raise StepFailed(with_log(f"{what} failed (exit code {code}). The end of its log:", log))

    def _start(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], output: int
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise Interrupted("stopped before it began")
            if not Path(command[0]).exists():
                raise Misused(f"{command[0]} is missing. Run: make setup")
            process = subprocess.Popen(
                command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            self._running[process.pid] = process
            return process

    def stop(self) -> None:
        """End every command that runs, and let none start any more."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for pid in running:
            end_group(pid, grace=5.0)
