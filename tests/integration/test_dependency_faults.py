"""S3 and DynamoDB slow, refused, cut short, garbage, gone: always a typed error, in bounded time."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from lambdas.core.aws import Bucket, Dynamo
from lambdas.core.errors import DependencyDown
from tests.support.broken_server import BrokenServer, broken_server

pytestmark = pytest.mark.integration


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BrokenServer]:
    with broken_server() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
        yield running


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("slow", "did not answer"),
        ("forbidden", "s3 answered 403"),
        ("error", "s3 answered 500"),
        ("cut", "half-way"),
        ("drop", "did not answer"),
    ],
)
def test_s3(server: BrokenServer, mode: str, says: str) -> None:
    server.mode = mode
    with pytest.raises(DependencyDown, match=says):
        Bucket("b", timeout=0.3).get("k")


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("slow", "did not answer"),
        ("forbidden", "dynamodb answered 403"),
        ("garbage", "no JSON"),
        ("cut", "half-way"),
    ],
)
def test_dynamodb(server: BrokenServer, mode: str, says: str) -> None:
    server.mode = mode
    with pytest.raises(DependencyDown, match=says):
        Dynamo(timeout=0.3).call("PutItem", {})


def test_it_works_again_on_the_same_client_when_the_fault_is_over(server: BrokenServer) -> None:
    bucket = Bucket("b", timeout=0.3)
    for mode in ("ok", "cut", "ok", "forbidden", "ok", "slow"):
        server.mode = mode
        if mode == "ok":
            assert bucket.get("k") is not None
        else:
            with pytest.raises(DependencyDown):
                bucket.get("k")
    server.released.set()
    server.mode = "ok"
    assert bucket.get("k") is not None


def test_a_connection_closed_while_the_function_was_frozen_is_opened_again(server: BrokenServer) -> None:
    bucket = Bucket("b", timeout=1.0)
    assert bucket.get("k") is not None
    for connection in bucket._http._open.values():
        assert connection.sock is not None
        connection.sock.shutdown(socket.SHUT_RDWR)
    assert bucket.get("k") is not None


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    with pytest.raises(DependencyDown, match="did not answer"):
        Bucket("b").get("k")
