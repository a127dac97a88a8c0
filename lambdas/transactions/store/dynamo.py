"""The feature store on a DynamoDB table: the default on AWS, because it is free.

One BatchGetItem reads, with consistent reads: a profile that was written a millisecond ago must be seen.
One conditional PutItem a change writes; several go out at once, on connections of their own. A transaction
would be one call, but at twice the write units, and it fails as a whole when one card lost its race.
Attribute names are short because they are billed: an ordinary profile is one write unit of 1 KB.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

from lambdas.core.errors import DependencyDown, PreconditionFailed
from lambdas.transactions.store.interface import ABSENT, KEPT_DAYS, Change, Versioned

READ_KEYS: Final = 100
"""BatchGetItem's own limit."""
WRITERS: Final = 8
TRIES: Final = 3


class Table(Protocol):
    """The DynamoDB protocol; `lambdas.core.aws.Dynamo` speaks it."""

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer; raises PreconditionFailed, DependencyDown."""
        ...


class DynamoStore:
    """Implements FeatureStore on `table`, whose key is `id`; `v` is the version, `d` the data."""

    def __init__(
        self, table: str, connect: Callable[[], Table], *, clock: Callable[[], float] = time.time
    ) -> None:
        """`connect` makes a client; each thread that writes has one of its own."""
        self._table = table
        self._connect = connect
        self._clock = clock
        self._own = threading.local()
        self._pool: ThreadPoolExecutor | None = None

    def read(self, keys: Sequence[str]) -> list[Versioned]:
        """See FeatureStore; one round trip for each 100 keys."""
        found: dict[str, Versioned] = {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), READ_KEYS):
            self._read(wanted[start : start + READ_KEYS], found)
        return [found.get(key, ABSENT) for key in keys]

    def write(self, changes: Sequence[Change]) -> list[bool]:
        """See FeatureStore.

        A change that got no answer while others did is reported as a lost race: reading again tells.
        """
        if len(changes) == 1:
            return [self._write(changes[0])]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="feature-store")
        done: list[bool] = []
        failed: list[DependencyDown] = []
        for written in [self._pool.submit(self._write, change) for change in changes]:
            try:
                done.append(written.result())
            except DependencyDown as error:
                failed.append(error)
                done.append(False)
        if failed and len(failed) == len(changes):
            raise failed[0]
        return done

    def _read(self, keys: list[str], found: dict[str, Versioned]) -> None:
        wanted: dict[str, Any] = {
            self._table: {"Keys": [{"id": {"S": key}} for key in keys], "ConsistentRead": True}
        }
        for _ in range(TRIES):
            answer = self._client().call("BatchGetItem", {"RequestItems": wanted})
            for item in answer.get("Responses", {}).get(self._table, ()):
                data = base64.b64decode(item["d"]["B"])
                found[item["id"]["S"]] = Versioned(int(item["v"]["N"]), data)
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                return
        raise DependencyDown("dynamodb left keys of a read unprocessed: the table is throttled")

    def _write(self, change: Change) -> bool:
        request: dict[str, Any] = {
            "TableName": self._table,
            "Item": {
                "id": {"S": change.key},
                "v": {"N": str(change.version + 1)},
                "d": {"B": base64.b64encode(change.data).decode()},
                "expires": {"N": str(int(self._clock()) + KEPT_DAYS * 86_400)},
            },
            "ConditionExpression": "attribute_not_exists(id)",
        }
        if change.version:
            request["ConditionExpression"] = "v = :v"
            request["ExpressionAttributeValues"] = {":v": {"N": str(change.version)}}
        try:
            self._client().call("PutItem", request)
        except PreconditionFailed:
            return False
        return True

    def _client(self) -> Table:
        client: Table | None = getattr(self._own, "client", None)
        if client is None:
            client = self._own.client = self._connect()
        return client
