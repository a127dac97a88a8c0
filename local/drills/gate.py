"""A gate before the embedded AWS that can be shut: the functions' calls to one dependency go through it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Literal
from urllib.parse import urlsplit

Mode = Literal["open", "slow", "gone", "throttled"]
"""`open` passes everything on, `slow` does so after a delay, `gone` hangs up without an answer, and with
`throttled` DynamoDB has no capacity left."""

HOST: Final = "127.0.0.1"
SECONDS: Final = 60.0
_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
_THROTTLED: Final = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput for the table was exceeded.",
    }
).encode()


class Gate:
    """A proxy on a free port of this machine to `endpoint`, in threads of this process; a context manager.

    `delay` is that of the mode `slow`, in seconds.
    """

    def __init__(self, endpoint: str) -> None:
        self.mode: Mode = "open"
        self.delay = 1.0
        self.refused = 0
        self._server = _Server((HOST, 0), _Handler)
        self._server.gate = self
        self._server.target = urlsplit(endpoint).netloc
        self._thread = threading.Thread(target=self._server.serve_forever, name="gate", daemon=True)

    @property
    def url(self) -> str:
        """Where the functions find it."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> Gate:
        self._thread.start()
        return self

    def __exit__(self, *about: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    gate: Gate
    target: str

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hung up is none of the gate's business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        gate = self.server.gate
        if gate.mode == "slow":
            time.sleep(gate.delay)
        if gate.mode in {"gone", "throttled"}:
            gate.refused += 1
        if gate.mode == "gone":
            self.close_connection = True
            return
        if gate.mode == "throttled":
            self._answer(400, [("Content-Type", "application/x-amz-json-1.0")], _THROTTLED)
            return
        behind = http.client.HTTPConnection(self.server.target, timeout=SECONDS)
        try:
            behind.request(self.command, self.path, body, dict(self.headers.items()))
            answer = behind.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
        finally:
            behind.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        size = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                size = value
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", size)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on  # noqa: N815 - the base class's names

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """What goes through is no news."""
