"""The feature store on the Redis protocol: Valkey, Redis, ElastiCache, or anything behind a redis[s]:// URL.

One MGET reads, one script writes. A value is its version as 8 bytes and then the data. All keys carry the tag
`{triage}`, so that they share one slot and both commands also work where cluster mode is on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from lambdas.core.errors import DependencyDown, SettingsError
from lambdas.transactions.store.interface import ABSENT, KEPT_DAYS, Change, Versioned
from lambdas.transactions.store.resp import Refused, Resp, address

PREFIX: Final = b"{triage}:"
_WIDTH = 8
_EXPIRES = b"%d" % (KEPT_DAYS * 86_400)
_LOGGED_OUT = {"NOAUTH", "WRONGPASS", "NOPERM"}

# ARGV: for each key the version that it must have ('' for none) and its new value; then the life in seconds.
WRITE = b"""
local done = {}
for i, key in ipairs(KEYS) do
  if redis.call('GETRANGE', key, 0, 7) == ARGV[2 * i - 1] then
    redis.call('SET', key, ARGV[2 * i], 'EX', ARGV[#ARGV])
    done[i] = 1
  else
    done[i] = 0
  end
end
return done
"""


class RedisStore:
    """Implements FeatureStore; not for several threads at once."""

    def __init__(self, url: Callable[[], str], *, timeout: float) -> None:
        """`url` is asked before the first call, and again when its password is no longer accepted.

        `timeout` in seconds bounds each call, and twice that connecting.
        """
        self._url = url
        self._timeout = timeout
        self._resp: Resp | None = None

    def read(self, keys: Sequence[str]) -> list[Versioned]:
        """See FeatureStore."""
        if not keys:
            return []
        found = self._call(b"MGET", *(PREFIX + key.encode() for key in keys))
        if not isinstance(found, list) or len(found) != len(keys):
            raise DependencyDown("the feature store answered a read with something else")
        return [_versioned(value) for value in found]

    def write(self, changes: Sequence[Change]) -> list[bool]:
        """See FeatureStore."""
        if not changes:
            return []
        names = [PREFIX + change.key.encode() for change in changes]
        values = []
        for change in changes:
            values.append(_bytes_of(change.version) if change.version else b"")
            values.append(_bytes_of(change.version + 1) + change.data)
        done = self._call(b"EVAL", WRITE, b"%d" % len(names), *names, *values, _EXPIRES)
        if not isinstance(done, list) or len(done) != len(changes):
            raise DependencyDown("the feature store answered a write with something else")
        return [each == 1 for each in done]

    def close(self) -> None:
        """Close the connection; the next call opens one."""
        if self._resp is not None:
            self._resp.close()

    def _call(self, *parts: bytes) -> object:
        if self._resp is None:
            try:
                self._resp = Resp(address(self._url()), timeout=self._timeout)
            except SettingsError as error:
                raise DependencyDown(error.detail) from error
        try:
            return self._resp.call(*parts)
        except Refused as error:
            if error.code in _LOGGED_OUT:
                self._resp = None
            raise


def _bytes_of(version: int) -> bytes:
    return version.to_bytes(_WIDTH, "big")


def _versioned(value: object) -> Versioned:
    if value is None:
        return ABSENT
    if not isinstance(value, bytes) or len(value) < _WIDTH:
        raise DependencyDown("the feature store holds something that is not ours")
    return Versioned(int.from_bytes(value[:_WIDTH], "big"), value[_WIDTH:])
