"""The embedded AWS: one background process, known by its id, its command line and its working folder.

The process is `local/embedded`: the emulator, and a thread that does what CloudWatch on AWS does by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil

from local import process
from local.environment import ACCOUNT, REGION, emulator_environment
from local.errors import EmulatorFailed, PortBusy, with_log
from local.place import DEFAULT_PORT, Place

HOST = "127.0.0.1"
MODULE = "local.embedded"
_KNOWN = {MODULE, "ministack"}
"""The second is what releases before this one started: `make down` ends that too."""
START_SECONDS = 60.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    pid: int
    port: int

    @property
    def endpoint(self) -> str:
        """Its URL for AWS clients."""
        return f"http://{HOST}:{self.port}"


def port_of(endpoint: str) -> int:
    """The port in the URL of an emulator."""
    return int(endpoint.rsplit(":", 1)[1])


def find(place: Place, pid: int | None, port: int) -> Emulator | None:
    """The emulator of `place` if `pid` still is it; None for a dead process or somebody else's with that id.

    An id is reused sooner or later, so the process must also be the emulator's command, in this
    place's folder.
    """
    if pid is None:
        return None
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
        found = psutil.Process(pid)
        command = found.cmdline()
        # A process has no command line for a moment when it has only just been started.
        ours = (not command or _KNOWN & set(command)) and Path(found.cwd()).samefile(place.emulator)
        if ours and found.status() != psutil.STATUS_ZOMBIE:
            return Emulator(pid, port)
    return None


def check_port(port: int) -> None:
    """Raise PortBusy, naming the holder where the system tells, unless `port` is free on 127.0.0.1."""
    if _answers(port):
        raise PortBusy(_busy(port))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the emulator's own socket does: a port that only waits out old connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise PortBusy(
                f"Port {port} needs more rights. Take one from 1024 on: TRIAGE_PORT={DEFAULT_PORT} make up"
            ) from error
        except OSError as error:
            raise PortBusy(_busy(port)) from error


def _answers(port: int) -> bool:
    """True when something accepts connections: macOS lets us bind beside a listener on all addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def _busy(port: int) -> str:
    another = port + 1 if port < 65_535 else port - 1
    return f"Port {port} is in use{_holder(port)}. Stop that, or take another: TRIAGE_PORT={another} make up"


def _holder(port: int) -> str:
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.AccessDenied, PermissionError):
        return ""
    for connection in connections:
        listening = connection.status == psutil.CONN_LISTEN and tuple(connection.laddr)[1:2] == (port,)
        if listening and connection.pid is not None:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""


def launch(place: Place, port: int) -> Emulator:
    """Start the emulator of `place` in the background and return at once; `wait` tells when it answers.

    It gets a session of its own, so that Ctrl-C in the terminal does not reach it. Raises PortBusy.
    """
    check_port(port)
    _empty(place.emulator / "tmp")
    rewind_streams(place)
    place.logs.mkdir(parents=True, exist_ok=True)
    # It takes the path out of its environment before the functions could inherit it.
    env = settings(place, port) | {"PYTHONPATH": str(place.root)}
    with log_of(place).open("wb") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", MODULE], cwd=place.emulator, env=env,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    return Emulator(started.pid, port)


def rewind_streams(place: Place) -> None:
    """Put the readers of tables' streams back to the streams' beginning, in the state that was saved.

    The emulator saves how far they had come, but not the streams: after a restart they would wait until as
    many records had come again, and see none of those. A stream is empty then, so they see each new one once.
    """
    path = place.emulator / "state" / "lambda.json"
    if not path.is_file():
        return
    saved = json.loads(path.read_bytes())
    positions = saved.get("payload", {}).get("dynamodb_stream_positions", {}).get("data", {})
    if any(positions.values()):
        positions.update(dict.fromkeys(positions, 0))
        part = path.with_suffix(".part")
        part.write_text(json.dumps(saved))
        part.replace(path)


def settings(place: Place, port: int) -> dict[str, str]:
    """The emulator's environment: state kept in the folder of `place`, nothing bound that is not needed."""
    folder = place.emulator
    return emulator_environment(os.environ) | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # It would talk to a Docker engine where there is one: functions run here without.
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        "TMPDIR": str(folder / "tmp"),
        # For the functions, which inherit all of this: their /tmp is the host's, shared with other stacks.
        "MODEL_CACHE_DIR": str(place.models),
    }


def wait(emulator: Emulator, place: Place, seconds: float = START_SECONDS) -> None:
    """Return when the emulator answers.

    Raises EmulatorFailed, with the end of its log, when it ends first or stays mute for `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not answers(emulator):
        if find(place, emulator.pid, emulator.port) is None:
            raise EmulatorFailed(with_log("The embedded AWS ended as it started. Its log:", log_of(place)))
        if time.monotonic() > deadline:
            stop(emulator)
            message = f"The embedded AWS did not answer on port {emulator.port} in {seconds:.0f} s. Its log:"
            raise EmulatorFailed(with_log(message, log_of(place)))
        time.sleep(0.05)


def answers(emulator: Emulator) -> bool:
    """True when the emulator is ready for calls."""
    try:
        with _DIRECT.open(f"{emulator.endpoint}/_ministack/ready", timeout=2) as answer:
            return bool(json.load(answer).get("status") == "completed")
    except (urllib.error.URLError, ConnectionError, TimeoutError, json.JSONDecodeError):
        return False


def stop(emulator: Emulator) -> None:
    """Stop the emulator with its workers; it saves its state first."""
    process.end_group(emulator.pid)


def forget(place: Place) -> None:
    """Delete what the emulator kept: the next start finds an empty AWS."""
    shutil.rmtree(place.emulator, ignore_errors=True)
    place.create()


def log_of(place: Place) -> Path:
    """Where the emulator and the functions' errors are written."""
    return place.logs / "emulator.log"


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
