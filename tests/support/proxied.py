"""A function behind HTTP: what API Gateway does for a route, as far as a scraper sees it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Handle = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]


@contextmanager
def served(handle: Handle) -> Iterator[str]:
    """The URL under which `handle` answers GETs, one at a time as a function does."""
    alone = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            event = {"httpMethod": "GET", "resource": self.path, "headers": dict(self.headers)}
            with alone:
                answer = handle(event, None)
            body = answer["body"].encode()
            self.send_response(answer["statusCode"])
            for name, value in {**answer["headers"], "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: the function logs."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
