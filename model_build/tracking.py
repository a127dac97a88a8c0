"""Tracking in MLflow, from a process of its own.

MLflow takes seconds to import, writes to the terminal as it likes, and waits for minutes for a server
that is down. So a helper process is started when training starts, gets ready meanwhile, and is handed
the finished run; whatever happens to it, the trained bundle is safe.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from model_build.errors import TrackingError

GRACE_SECONDS = 120.0
"""For the helper to log a run, from when it is handed over."""


class Run(msgspec.Struct, frozen=True, kw_only=True, tag="run"):
    """A finished training, to be logged and registered with the alias `candidate`."""

    service: str
    version: str
    parameters: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    bundle: Path
    plots: dict[str, Path]


class Promotion(msgspec.Struct, frozen=True, kw_only=True, tag="promotion"):
    """A bundle that went live: its registered version gets the alias `champion` (or `challenger`)."""

    service: str
    version: str
    alias: str


Message = Run | Promotion


class Answer(msgspec.Struct, frozen=True):
    """What the helper says at the end: where it logged, or why not."""

    where: str = ""
    error: str = ""


def default_uri(build: Path) -> str:
    """MLFLOW_TRACKING_URI, or an SQLite file in the build folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(build / 'mlflow.db').resolve()}"


class Tracker:
    """The helper process. `finish` hands it a message; `stop` ends it without one."""

    def __init__(self, build: Path) -> None:
        """Start it; it gets ready in the background, at a low priority."""
        build.mkdir(parents=True, exist_ok=True)
        self.uri = default_uri(build)
        self.log = build / "tracking.log"
        command = [sys.executable, "-m", "model_build.tracking_helper", self.uri, str(build.resolve())]
        environment = {
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
            "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "GIT_PYTHON_REFRESH": "quiet",
            **os.environ,
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment
            )

    def finish(self, message: Message, seconds: float = GRACE_SECONDS) -> str:
        """Where `message` was logged. Raises TrackingError when it could not be, or not in time."""
        try:
            out, _ = self._process.communicate(msgspec.json.encode(message, enc_hook=str), timeout=seconds)
        except subprocess.TimeoutExpired as error:
            self.stop()
            raise TrackingError(f"{self.uri} did not take it within {seconds:.0f} s") from error
        try:
            answer = msgspec.json.decode(out, type=Answer)
        except msgspec.DecodeError as error:
            raise TrackingError(f"the tracking helper broke off; {self.log} says why") from error
        if answer.error:
            raise TrackingError(f"{self.uri}: {answer.error}")
        return answer.where

    @property
    def ended(self) -> bool:
        """Whether the helper is gone."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End the helper."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted names; lists are written out."""
    if isinstance(value, dict):
        pairs: dict[str, Any] = {}
        for name, inner in value.items():
            pairs |= flat(inner, f"{prefix}.{name}" if prefix else str(name))
        return pairs
    return {prefix: value}
