"""Calls over HTTP, against a server that says what it got."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from local.call import Api, api_url
from local.errors import CallFailed


class Echo(BaseHTTPRequestHandler):
    """Answers with the status that the path ends in, and with what it received."""

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        got = {
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": self.rfile.read(length).decode(),
        }
        answer = b"<html>" if self.path.endswith("/html") else json.dumps(got).encode()
        status = self.path.rsplit("/", 1)[1]
        self.send_response(int(status) if status.isdigit() else 200)
        self.send_header("X-Seen", "yes")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_body_goes_out_as_json_with_the_key(url: str) -> None:
    answer = Api(url, "secret").call("POST", "/v1", {"subject": "é"})
    got = answer.json()
    assert (answer.status, answer.headers["x-seen"]) == (200, "yes")
    assert json.loads(got["body"]) == {"subject": "é"}
    assert got["headers"]["x-api-key"] == "secret"
    assert got["headers"]["content-type"] == "application/json"


def test_bytes_go_out_as_they_are_and_headers_can_be_replaced_or_left_out(url: str) -> None:
    got = (
        Api(url, "secret")
        .call("POST", "/v1", b"{broken", {"x-api-key": "", "content-type": "text/plain"})
        .json()
    )
    assert got["body"] == "{broken"
    assert "x-api-key" not in got["headers"]
    assert got["headers"]["content-type"] == "text/plain"


@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_an_error_status_is_an_answer(url: str, status: int) -> None:
    assert Api(url, "k").call("GET", f"/{status}").status == status


def test_a_body_that_is_no_json_is_shown(url: str) -> None:
    with pytest.raises(CallFailed, match="answered 200, and not with JSON: <html>"):
        Api(url, "k").call("GET", "/html").json()


def test_silence_names_the_call(url: str) -> None:
    with pytest.raises(CallFailed, match=r"GET http://127\.0\.0\.1:1/v1/models was not answered"):
        Api("http://127.0.0.1:1", "k").call("GET", "/v1/models")


def test_a_proxy_of_the_users_is_not_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert Api(url, "k").call("GET", "/200").status == 200


def test_the_api_is_at_the_emulator() -> None:
    assert (
        api_url("http://127.0.0.1:4566", "abc", "live") == "http://127.0.0.1:4566/_aws/execute-api/abc/live"
    )
