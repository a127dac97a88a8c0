"""A real Prometheus and its promtool, for the tests of what it scrapes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from local.daemon import free_port

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "prometheus.sh"
KEPT = ROOT / ".tools" / "prometheus"
"""Where the two programs stay from one run to the next."""


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`, unpacked once from Debian's package.

    Without apt, or a way to its packages, the test is skipped; with TRIAGE_PROMETHEUS_TEST it fails.
    """
    if found := shutil.which(name):
        return found
    with (Path(tempfile.gettempdir()) / "triage-prometheus.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (KEPT / "promtool").exists():
            _unpack()
    return str(KEPT / name)


def _unpack() -> None:
    must = bool(os.environ.get("TRIAGE_PROMETHEUS_TEST"))
    if not must and not (shutil.which("apt-get") and shutil.which("dpkg")):
        pytest.skip("there is no Prometheus here and no apt: install prometheus and promtool")
    done = subprocess.run(["bash", str(SCRIPT), str(KEPT)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        why = f"Debian's package of Prometheus could not be had: {done.stderr.strip()[-500:]}"
        if must:
            pytest.fail(why)
        pytest.skip(why)


def promtool(*arguments: str, given: str | None = None) -> str:
    """What promtool says; the test fails when it is not satisfied."""
    done = subprocess.run(
        [program("promtool"), *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"promtool {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


class Prometheus:
    """A running server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def api(self, path: str, **query: str) -> Any:
        """The `data` of an answer of /api/v1; the test fails on an error, and says what Prometheus said."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urlencode(query)}", timeout=30) as answer:  # noqa: S310
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error

    def query(self, expression: str) -> list[Any]:
        """The series that the instant query gives."""
        found: list[Any] = self.api("query", query=expression)["result"]
        return found

    def value(self, expression: str) -> float | None:
        """The one number that the query gives, None without one."""
        found = self.query(expression)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def target(self) -> dict[str, Any]:
        """The one target; of unknown health until it has been found."""
        found = self.api("targets", state="active")["activeTargets"]
        assert len(found) <= 1, found
        return dict(found[0]) if found else {"health": "unknown"}


@contextmanager
def prometheus(folder: Path) -> Iterator[Prometheus]:
    """A server with the configuration in `folder`, on a port of its own; stopped in the end."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (folder / "prometheus.log").open("w") as log:
        started = subprocess.Popen(
            [
                program("prometheus"), f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            eventually(lambda: _ready(url, started, folder / "prometheus.log"), "a Prometheus that is ready")
            yield Prometheus(url)
        finally:
            started.terminate()
            started.wait(30)


def _ready(url: str, started: subprocess.Popen[bytes], log: Path) -> bool:
    assert started.poll() is None, f"Prometheus ended: {log.read_text()[-2000:]}"
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def eventually(look: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """What `look` returns once that is true; fails when it stays false for `seconds`."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what}: not in {seconds:.0f} s"
        pause.wait(0.2)
    return found
