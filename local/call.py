"""Calls to the live API over HTTP, as any caller would make them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from local.errors import CallFailed

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises CallFailed when it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            text = self.body[:300].decode(errors="replace")
            raise CallFailed(f"the endpoint answered {self.status}, and not with JSON: {text}") from error


@dataclass(frozen=True)
class Api:
    """The REST API at `url`, called with `key`."""

    url: str
    key: str

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 60.0,
    ) -> Answer:
        """Send `body` and return the answer, whatever its status.

        `body` goes out as it is when it is bytes, as JSON otherwise, and not at all when it is None.
        `headers` replace the ones set here; an empty value leaves one out (`{"x-api-key": ""}`).
        Raises CallFailed when nothing answers.
        """
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {"x-api-key": self.key, "content-type": "application/json", **(headers or {})}
        sent = {name: value for name, value in given.items() if value}
        request = urllib.request.Request(self.url + path, data, sent, method=method)
        try:
            with _DIRECT.open(request, timeout=timeout) as answer:
                return _answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return _answer(error.code, error.headers, error.read())
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise CallFailed(f"{method} {self.url}{path} was not answered: {error}") from error


def _answer(status: int, headers: Message, body: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)


def api_url(endpoint: str, api_id: str, stage: str) -> str:
    """Where the embedded AWS at `endpoint` serves a REST API; the stack's own URL is at amazonaws.com."""
    return f"{endpoint}/_aws/execute-api/{api_id}/{stage}"
