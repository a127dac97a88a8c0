"""The gate: open it changes nothing, shut it is what its mode says."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from lambdas.core.aws import Bucket, Dynamo
from lambdas.core.errors import DependencyDown
from local.drills.gate import Gate


class Behind(BaseHTTPRequestHandler):
    """What stands behind the gate: it remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[tuple[str, str, bytes, str | None]]] = []

    def do_ANY(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.path, body, self.headers.get("X-Own")))
        answer = b"" if self.command == "HEAD" else b"hello"
        self.send_response(200)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST = do_HEAD = do_ANY  # noqa: N815 - the base class's names

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def gate() -> Iterator[Gate]:
    Behind.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with Gate(f"http://127.0.0.1:{server.server_address[1]}") as made:
            yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def connected(gate: Gate) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(gate.url.removeprefix("http://"), timeout=5)


def test_open_it_passes_on_what_is_asked_and_answered(gate: Gate) -> None:
    connection = connected(gate)
    connection.request("PUT", "/a/b?c=d", b"body", {"X-Own": "mine"})
    answer = connection.getresponse()
    assert (answer.status, answer.read(), answer.headers["ETag"]) == (200, b"hello", '"one"')
    assert Behind.asked == [("PUT", "/a/b?c=d", b"body", "mine")]


def test_a_head_says_the_size_and_sends_nothing(gate: Gate) -> None:
    connection = connected(gate)
    connection.request("HEAD", "/a")
    answer = connection.getresponse()
    assert (answer.headers["Content-Length"], answer.read()) == ("5", b"")


def test_gone_hangs_up_on_connections_that_were_open_too(gate: Gate) -> None:
    connection = connected(gate)
    connection.request("GET", "/a")
    assert connection.getresponse().read() == b"hello"
    gate.mode = "gone"
    connection.request("GET", "/a")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.getresponse()
    assert len(Behind.asked) == 1
    assert gate.refused == 1


def test_slow_it_passes_on_after_its_delay(gate: Gate) -> None:
    gate.mode, gate.delay = "slow", 0.3
    connection, began = connected(gate), time.monotonic()
    connection.request("GET", "/a")
    assert connection.getresponse().read() == b"hello"
    assert time.monotonic() - began >= 0.3
    assert (len(Behind.asked), gate.refused) == (1, 0)


def test_functions_take_both_for_a_dependency_that_is_down(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", gate.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", gate.url)
    gate.mode = "gone"
    with pytest.raises(DependencyDown):
        Bucket("b").get("k")
    gate.mode = "throttled"
    with pytest.raises(DependencyDown, match="ProvisionedThroughputExceeded"):
        Dynamo().call("GetItem", {})
    assert Behind.asked == []
