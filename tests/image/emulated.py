"""A function under AWS's runtime interface emulator: in the image, or in a process of this machine."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambdas.core.errors import TriageError
from local.process import end_group
from tests.image.machine import ROOT
from tests.image.podman import Podman

START_SECONDS = 60.0
CALL_SECONDS = 60.0
TASK_SECONDS = "30"
MEMORY = "512m"
NOWHERE = "http://127.0.0.1:9"
"""An AWS that does not answer: the discard port, on which nothing listens."""

_INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)\)")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class EmulatorSilent(TriageError):
    """The emulator did not come up."""


@dataclass(frozen=True)
class Function:
    """A running function: where to invoke it, what it has logged, and in which container it is."""

    url: str
    logs: Callable[[], str]
    container: str | None = None

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The function's own answer; its errors come as an answer too, with errorType and errorMessage."""
        request = urllib.request.Request(  # noqa: S310 - http on 127.0.0.1
            f"{self.url}/2015-03-31/functions/function/invocations", json.dumps(event).encode()
        )
        try:
            with _DIRECT.open(request, timeout=CALL_SECONDS) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:  # 502: the function's init failed
            text = error.read()
        decoded: dict[str, Any] = json.loads(text)
        return decoded

    def init_ms(self) -> float:
        """How long the runtime's init took, as the emulator reports it: milliseconds."""
        found = _INIT.search(self.logs())
        assert found, "the emulator has not reported an init"
        return float(found[1])


def function_environment(endpoint: str) -> dict[str, str]:
    """What the stacks give a function, with `endpoint` as AWS and credentials that are none."""
    return {
        "ARTIFACTS_BUCKET": "artifacts",
        "DECISIONS_TABLE": "decisions",
        "SERVICES": "tickets",
        "ROLLOUT_REFRESH_SECONDS": "0",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "tickets",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": TASK_SECONDS,
    }


@contextmanager
def in_container(podman: Podman, image: str, handler: str, environ: Mapping[str, str]) -> Iterator[Function]:
    """`handler` in `image` as Lambda would run it: no root, nothing writable but /tmp, no capabilities.

    10.0.2.2 is this machine's 127.0.0.1, seen from inside.
    """
    flags = [flag for name, value in environ.items() for flag in ("--env", f"{name}={value}")]
    with podman.container(
        "--read-only", "--tmpfs", "/tmp:rw,size=512m,mode=1777",
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
        "--memory", MEMORY, "--memory-swap", MEMORY,
        "--network", "slirp4netns:allow_host_loopback=true", "--publish", "127.0.0.1::8080",
        *flags, image, handler,
    ) as name:  # fmt: skip

        def logs() -> str:
            done = podman.run("logs", name)
            return done.stdout + done.stderr

        address = podman("port", name, "8080/tcp").strip()
        function = Function(f"http://{address}", logs, name)
        _wait(function)
        yield function


@contextmanager
def in_process(tools: Path, handler: str, environ: Mapping[str, str], log: Path) -> Iterator[Function]:
    """`handler` of this checkout, in this machine's Python, under the emulator and the real client."""
    port, runtime_port = _free_port(), _free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                str(tools / "aws-lambda-rie"),
                "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
                "--runtime-api-address", f"127.0.0.1:{runtime_port}",
                sys.executable, "-m", "awslambdaric", handler,
            ],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tools), **environ},
            start_new_session=True,
        )  # fmt: skip
        try:
            function = Function(f"http://127.0.0.1:{port}", log.read_text)
            _wait(function)
            yield function
        finally:
            end_group(process.pid, grace=2.0)
            process.wait()


def _wait(function: Function) -> None:
    """Return when the emulator answers HTTP, which it does before the function is started."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            _DIRECT.open(function.url, timeout=2.0).close()
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
        else:
            return
    raise EmulatorSilent(f"the emulator did not come up. Its log:\n{function.logs()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
