"""Who may scrape: whoever sends the value of one API key of ours as a Bearer token.

Prometheus cannot send `X-Api-Key`, so the gateway lets everybody through to this function, and the function
looks. The key is in no usage plan, so it opens nothing else. It is an API key rather than a secret because
Secrets Manager costs money by the month and CloudFormation can make no encrypted parameter.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

from lambdas.core.aws import Connection, read_all
from lambdas.core.errors import DependencyDown, Unauthorized

AGAIN: Final = 60.0
"""Seconds between two readings of the key for tokens that do not match, so that guessing costs us nothing."""
SOON: Final = 5.0
"""The same after a reading that failed."""
KEEP: Final = 3600.0
"""Seconds after which the key is read anyway: one that was disabled opens nothing from then on."""


class _Key(msgspec.Struct):
    value: str = ""
    enabled: bool = True


class Keys(Protocol):
    """Where the key's value is; `ApiKeys`."""

    def value(self, key_id: str) -> str | None:
        """The value of a key, None when it is disabled or gone. Raises DependencyDown."""
        ...


class ApiKeys:
    """Reads API keys from API Gateway, by the one call that a function may make for its own key."""

    def __init__(self, *, timeout: float = 2.0) -> None:
        self._http = Connection("apigateway", timeout=timeout)
        self._host = self._http.host(f"apigateway.{self._http.region}.{self._http.suffix()}")

    def value(self, key_id: str) -> str | None:
        """See Keys."""
        response = self._http.request(
            "GET",
            self._host,
            f"/apikeys/{key_id}",
            query={"includeValue": "true"},
            headers={"Accept": "application/json"},
        )
        body = read_all(response, "apigateway")
        if response.status == 404:
            return None
        if response.status != 200:
            raise DependencyDown(f"apigateway answered {response.status} for the key {key_id}")
        try:
            key = msgspec.json.decode(body, type=_Key)
        except msgspec.DecodeError as error:
            raise DependencyDown(f"apigateway answered with no key: {error}") from error
        return key.value or None if key.enabled else None


class Gate:
    """Lets through who sends the key's value."""

    def __init__(self, key_id: str, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._key_id = key_id
        self._keys = keys
        self._clock = clock
        self._wanted: str | None = None
        self._read_at = self._not_before = -KEEP

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise Unauthorized unless `headers`, their names lower-case, carry the token; DependencyDown when
        nobody can say whether it is the right one."""
        scheme, _, token = headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("send the metrics key as `Authorization: Bearer <key>`")
        fresh = self._clock() - self._read_at < KEEP
        if fresh and self._matches(token):
            return
        self._read()
        if not self._matches(token):
            raise Unauthorized("this is not the metrics key")

    def _matches(self, token: str) -> bool:
        wanted = self._wanted
        return wanted is not None and hmac.compare_digest(
            token.strip().encode("utf-8", "replace"), wanted.encode()
        )

    def _read(self) -> None:
        """Read the key, unless it was read just now."""
        now = self._clock()
        if now < self._not_before:
            if self._read_at <= now - KEEP:
                raise DependencyDown("the metrics key could not be read; try again in a moment")
            return
        self._not_before = now + SOON
        self._wanted = self._keys.value(self._key_id)
        self._read_at, self._not_before = now, now + AGAIN
