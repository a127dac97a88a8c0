"""Our client of the Redis protocol against a real Valkey, redis-py, and servers that misbehave."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import redis

from lambdas.core.errors import DependencyDown, SettingsError
from lambdas.transactions.store.interface import ABSENT, Change, Versioned
from lambdas.transactions.store.redis import RedisStore
from lambdas.transactions.store.resp import Address, Refused, Resp, address
from tests.support.valkey import Valkey, valkey
from tests.support.wire import certificate, listener, silent, tls_in_front_of

pytestmark = pytest.mark.integration


def client(url: str, timeout: float = 5.0) -> Resp:
    return Resp(address(url), timeout=timeout)


@pytest.mark.parametrize(
    "command",
    [
        (b"ECHO", b""),
        (b"ECHO", bytes(range(256))),
        (b"ECHO", b"x" * 3_000_000),
        (b"GET", b"nothing"),
        (b"INCRBY", b"n", b"-7"),
        (b"EVAL", b"return {1, 'a', {false, {2}}, {}}", b"0"),
        (b"MGET", b"list", b"nothing"),
        (b"LRANGE", b"list", b"0", b"-1"),
    ],
)
def test_replies_are_what_the_kept_library_reads(valkey_url: str, command: tuple[bytes, ...]) -> None:
    theirs = redis.Redis.from_url(valkey_url, protocol=2)
    theirs.rpush("list", "a", "", "\r\n")
    expected = theirs.execute_command(*command)
    theirs.delete("n")
    assert client(valkey_url).call(*command) == expected


def test_an_error_has_its_code_and_the_connection_works_on(valkey_url: str) -> None:
    ours = client(valkey_url)
    with pytest.raises(Refused, match="unknown command") as found:
        ours.call(b"NONSENSE")
    assert found.value.code == "ERR"
    assert ours.call(b"PING") == "PONG"


def test_what_is_written_can_be_seen_with_the_kept_library(valkey_url: str) -> None:
    RedisStore(lambda: valkey_url, timeout=5.0).write([Change("card:a", 0, b"data")])
    theirs = redis.Redis.from_url(valkey_url)
    assert theirs.get("{triage}:card:a") == (1).to_bytes(8, "big") + b"data"
    assert 399 * 86_400 < theirs.ttl("{triage}:card:a") <= 400 * 86_400


def test_something_that_is_not_ours_is_not_overwritten(valkey_url: str) -> None:
    redis.Redis.from_url(valkey_url).set("{triage}:card:a", "short")
    store = RedisStore(lambda: valkey_url, timeout=5.0)
    with pytest.raises(DependencyDown, match="not ours"):
        store.read(["card:a"])
    assert store.write([Change("card:a", 0, b"x")]) == [False]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://host", Address("host", 6379, False, "", "", 0)),
        ("rediss://u:p%40ss@host:7000/3", Address("host", 7000, True, "u", "p@ss", 3)),
        ("redis://:secret@[::1]:1/", Address("::1", 1, False, "", "secret", 0)),
    ],
)
def test_urls(url: str, expected: Address) -> None:
    assert address(url) == expected


@pytest.mark.parametrize(
    "url", ["", "host:6379", "http://h", "redis://", "redis://:pw@h:x", "redis://:pw@h/x"]
)
def test_a_wrong_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError) as found:
        address(url)
    assert "pw" not in str(found.value)


def test_a_password_and_a_database(tmp_path: Path) -> None:
    with valkey(tmp_path, password="s3cret/@") as server:
        where = f"127.0.0.1:{server.port}"
        right = f"redis://:s3cret%2F%40@{where}/2"
        urls = [f"redis://{where}", f"redis://:wrong@{where}", right]
        store = RedisStore(lambda: urls.pop(0), timeout=5.0)
        with pytest.raises(DependencyDown, match="NOAUTH"):
            store.read(["card:a"])
        with pytest.raises(DependencyDown, match="WRONGPASS"):
            store.read(["card:a"])
        assert store.write([Change("card:a", 0, b"x")]) == [True]  # the password was asked for again
        named = RedisStore(lambda: right.replace("//:", "//default:"), timeout=5.0)
        assert named.read(["card:a"]) == [Versioned(1, b"x")]
        assert RedisStore(lambda: right.replace("/2", "/1"), timeout=5.0).read(["card:a"]) == [ABSENT]


def test_tls_with_a_certificate_that_is_trusted(
    valkey_server: Valkey, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, private = certificate(tmp_path)
    with tls_in_front_of(valkey_server.port, public, private) as front:
        store = RedisStore(lambda: f"rediss://localhost:{front.port}", timeout=5.0)
        with pytest.raises(DependencyDown, match="certificate verify failed"):
            store.read(["card:a"])
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
        store = RedisStore(lambda: f"rediss://localhost:{front.port}", timeout=5.0)
        assert store.write([Change("card:a", 0, b"x")]) == [True]
        assert RedisStore(lambda: valkey_url, timeout=5.0).read(["card:a"]) == [Versioned(1, b"x")]


def test_a_server_that_was_stopped_and_started_is_found_again(tmp_path: Path) -> None:
    with valkey(tmp_path) as server:
        store = RedisStore(lambda: server.url, timeout=5.0)
        assert store.write([Change("card:a", 0, b"x")]) == [True]
        server.stop()
        with pytest.raises(DependencyDown, match="did not answer"):
            store.read(["card:a"])
        server.start()
        assert store.read(["card:a"]) == [Versioned(1, b"x")]
        server.stop()
        server.start()  # the kept connection is dead, and nobody has noticed yet
        assert store.write([Change("card:a", 1, b"y")]) == [True]


def test_a_server_that_never_answers() -> None:
    with silent() as server:
        ours = client(f"redis://127.0.0.1:{server.port}", timeout=0.05)
        for _ in range(2):
            with pytest.raises(DependencyDown, match="timed out"):
                ours.call(b"PING")
        assert server.accepted() == 2  # not tried twice, and not on a connection that is out of step


def test_a_server_that_dribbles_is_not_waited_for_byte_by_byte() -> None:
    def dribble(connection: socket.socket) -> None:
        connection.recv(100)
        while not server.released.wait(0.02):
            connection.sendall(b"+")

    with listener(dribble) as server, pytest.raises(DependencyDown, match="timed out"):
        client(f"redis://127.0.0.1:{server.port}", timeout=0.1).call(b"PING")


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$x\r\n", b"*-5\r\n", b"$-7\r\n", b":\r\n"]
)
def test_a_server_that_speaks_something_else(answer: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(answer)

    with listener(speak) as server:
        store = RedisStore(lambda: f"redis://127.0.0.1:{server.port}", timeout=2.0)
        with pytest.raises(DependencyDown):
            store.read(["card:a"])


@pytest.mark.parametrize("answer", [b"+OK\r\n", b"*1\r\n:1\r\n", b"*0\r\n"])
def test_an_answer_to_something_else_is_not_believed(answer: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(answer)

    with listener(speak) as server:
        store = RedisStore(lambda: f"redis://127.0.0.1:{server.port}", timeout=2.0)
        with pytest.raises(DependencyDown, match="something"):
            store.read(["card:a", "card:b"])


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(DependencyDown, match="did not answer"):
        client(f"redis://127.0.0.1:{port}").call(b"PING")
