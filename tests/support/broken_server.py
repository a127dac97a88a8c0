"""An HTTP server on 127.0.0.1 that misbehaves as it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class BrokenServer:
    """`mode` is one of: ok, slow, cut, drop, forbidden, error, garbage."""

    def __init__(self) -> None:
        self.mode = "ok"
        self.body = b'{"fine": true}'
        self.requests = 0
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.requests += 1
                outer.answer(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if self.mode == "drop":
            handler.close_connection = True
            handler.connection.close()
            return
        if self.mode == "slow":
            self.released.wait(10)
        status = {"forbidden": 403, "error": 500}.get(self.mode, 200)
        body = b"<html>" if self.mode == "garbage" else self.body
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) * (2 if self.mode == "cut" else 1)))
        handler.end_headers()
        handler.wfile.write(body)
        if self.mode == "cut":
            handler.wfile.flush()
            handler.close_connection = True


@contextmanager
def broken_server() -> Iterator[BrokenServer]:
    """A running BrokenServer."""
    server = BrokenServer()
    thread = threading.Thread(target=server.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.server.shutdown()
        server.server.server_close()
        thread.join(5)
