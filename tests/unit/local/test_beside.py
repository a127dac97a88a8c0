"""Valkey and the Kafka broker as processes of a place: the real servers, found by id and never by name."""

from __future__ import annotations

import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
import redis
from rich.console import Console

from local import daemon, kafka, running, state, status, valkey
from local.daemon import Daemon
from local.emulator import Emulator
from local.errors import PortBusy, ProcessFailed
from local.place import Place
from local.progress import Steps
from local.state import State


def eventually(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        pause.wait(0.02)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Instead of a Secrets Manager: what would have been written there."""
    told: list[tuple[int, str]] = []
    monkeypatch.setattr(valkey, "publish", lambda place, port, endpoint: told.append((port, endpoint)))
    return told


@pytest.fixture
def up(place: Place) -> Iterator[Place]:
    """A place whose embedded AWS counts as running; what runs beside it is stopped at the end."""
    place.create()
    state.save(place, State(port=1, endpoint="http://127.0.0.1:1", pid=os.getpid()))
    try:
        yield place
    finally:
        running.stop_beside(place)


def start(place: Place) -> tuple[Daemon, str]:
    text = StringIO()
    made = running.start_valkey(place, Emulator(os.getpid(), 1), Steps(Console(file=text)))
    return made, text.getvalue()


def client(place: Place, known: Daemon) -> redis.Redis:
    return redis.Redis(host="127.0.0.1", port=known.port, password=valkey.password_of(place))


def test_a_real_valkey_that_wants_its_password(up: Place, published: list[tuple[int, str]]) -> None:
    made, _ = start(up)
    assert client(up, made).ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(host="127.0.0.1", port=made.port).ping()
    config = up.valkey / "valkey.conf"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert valkey.password_of(up) not in " ".join(psutil_command(made.pid)), "everybody sees command lines"
    assert published == [(made.port, "http://127.0.0.1:1")]
    assert running.beside(up) == {"valkey": made}
    assert start(up)[0] == made, "it is not started twice"


def psutil_command(pid: int) -> list[str]:
    import psutil

    return psutil.Process(pid).cmdline()


@pytest.mark.usefixtures("published")
def test_what_it_holds_outlasts_a_stop_and_a_crash(up: Place) -> None:
    first, _ = start(up)
    client(up, first).set("card:1", "profile")
    assert running.stop_beside(up)
    assert not running.stop_beside(up), "nothing is left"
    second, _ = start(up)
    assert client(up, second).get("card:1") == b"profile"
    os.kill(second.pid, signal.SIGKILL)
    eventually(lambda: valkey.find(up, second) is None, "the end of it")
    third, said = start(up)
    assert "ended by itself" in said
    assert third.port == second.port, "warm functions know it by its port"
    assert client(up, third).get("card:1") == b"profile"


@pytest.mark.usefixtures("published")
def test_with_the_embedded_aws_its_content_is_forgotten(up: Place) -> None:
    first, _ = start(up)
    client(up, first).set("card:1", "profile")
    running.stop_beside(up)
    running.reset(up)
    second, _ = start(up)
    assert client(up, second).get("card:1") is None


@pytest.mark.usefixtures("published")
def test_a_port_that_somebody_took_meanwhile_is_said(up: Place) -> None:
    first, _ = start(up)
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: valkey.find(up, first) is None, "the end of it")
    assert daemon.becomes_free(first.port)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", first.port))
        taken.listen()
        with pytest.raises(PortBusy, match=f"Port {first.port}.*make down, then make up"):
            start(up)


def test_somebody_elses_process_with_the_id_is_not_ours(up: Place) -> None:
    running.update(up, valkey=Daemon(os.getpid(), 6379), broker=Daemon(os.getpid(), 9092))
    assert running.beside(up) == {}
    assert not running.stop_beside(up)


def test_a_server_that_cannot_start_says_why(up: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "_CONFIG", valkey._CONFIG + "no-such-setting yes\n")
    with pytest.raises(ProcessFailed, match="no-such-setting"):
        valkey.start(up, None)
    assert running.beside(up) == {}


def test_the_kafka_broker_takes_records_and_is_stopped_by_its_id(up: Place) -> None:
    from confluent_kafka import Producer

    made = kafka.start_broker(up)
    running.update(up, broker=made)
    delivered: list[object] = []
    producer = Producer({"bootstrap.servers": kafka.bootstrap(made), "log_level": 2})
    producer.produce(kafka.TOPIC, key="c", value="{}", on_delivery=lambda error, _: delivered.append(error))
    assert producer.flush(20) == 0
    assert delivered == [None]
    text = StringIO()
    status._beside(Console(file=text, width=200), up)
    assert f"broker at 127.0.0.1:{made.port}" in text.getvalue()
    assert "nothing polls it" in text.getvalue()
    assert "Valkey does not run" in text.getvalue()
    assert running.stop_beside(up)
    assert kafka.find_broker(up, made) is None
    assert not daemon.accepts(made.port)
