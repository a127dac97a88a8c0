"""The objects of a rollout in the artifacts bucket, each written only over what was read before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from lambdas.core.aws import Object
from lambdas.core.errors import BundleError, Conflict, DependencyDown, NotFound, PreconditionFailed
from lambdas.core.variant import ROLLOUT, Rollout, decode_rollout
from lambdas.rollout.record import (
    Lock,
    Preflight,
    Record,
    decoded,
    lock_key,
    preflight_key,
    record_key,
)

T = TypeVar("T")

TRIES: Final = 20


class Objects(Protocol):
    """The artifacts bucket; `lambdas.core.aws.Bucket` is one."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object. Raises NotFound, DependencyDown."""
        ...

    def put(
        self,
        key: str,
        body: bytes,
        *,
        if_etag: str | None = None,
        if_new: bool = False,
        content_type: str | None = None,
    ) -> str:
        """Write the object; its ETag. Raises PreconditionFailed, DependencyDown."""
        ...


class Held(Conflict):
    """Another rollout of the service runs; the message says whose it is, since when, and at which step."""


class Read(NamedTuple, Generic[T]):
    """A value and the ETag that it had."""

    value: T
    etag: str


def retried(attempt: Callable[[], T]) -> T:
    """What `attempt` returns, tried again from its reading on when somebody else wrote in between."""
    for _ in range(TRIES):
        try:
            return attempt()
        except PreconditionFailed as error:
            lost = error
    raise DependencyDown(f"{lost.detail}, {TRIES} times in a row: something else writes all the time")


class RolloutStore:
    """rollout.json, the lock, the records and the pre-flight of one service.

    Whatever does not answer raises DependencyDown, and what cannot be read BundleError.
    """

    def __init__(self, objects: Objects, service: str) -> None:
        self.service = service
        self._objects = objects

    def live(self) -> Read[Rollout]:
        """rollout.json. Raises NotFound when nothing is live."""
        found = self._get(f"{self.service}/{ROLLOUT}")
        return Read(decode_rollout(found.body, self.service), found.etag)

    def set_live(self, rollout: Rollout, etag: str) -> None:
        """Write rollout.json over the one with `etag`. Raises PreconditionFailed when it is another."""
        self._put(f"{self.service}/{ROLLOUT}", rollout, if_etag=etag)

    def record(self, rollout_id: str) -> Read[Record]:
        """The record of a rollout. Raises NotFound."""
        key = record_key(self.service, rollout_id)
        found = self._get(key)
        return Read(decoded(found.body, Record, key), found.etag)

    def add_record(self, record: Record) -> None:
        """Write a new record. Raises PreconditionFailed when it is there."""
        self._put(record_key(self.service, record.id), record, if_new=True)

    def set_record(self, record: Record, etag: str) -> None:
        """Write the record over the one with `etag`. Raises PreconditionFailed."""
        self._put(record_key(self.service, record.id), record, if_etag=etag)

    def preflight(self, version: str) -> Preflight:
        """What the gates said of a bundle. Raises NotFound."""
        key = preflight_key(self.service, version)
        return decoded(self._get(key).body, Preflight, key)

    def set_preflight(self, preflight: Preflight) -> None:
        """Write what the gates said; what they said before is written over."""
        self._put(preflight_key(self.service, preflight.version), preflight)

    def manifest(self, version: str) -> bytes:
        """The manifest of a bundle as it lies in the bucket. Raises NotFound."""
        return self._get(f"{self.service}/bundles/{version}/manifest.json").body

    def holder(self) -> Lock | None:
        """The lock of the rollout that runs, None when none does."""
        found = self._lock()
        return None if found is None or found.value.released_at else found.value

    def take(self, rollout_id: str, by: str, now: datetime) -> None:
        """Take the lock for the rollout, which may have it already. Raises Held."""
        retried(lambda: self._take(Lock(rollout_id, by, now.isoformat(timespec="seconds"))))

    def release(self, rollout_id: str, now: datetime) -> None:
        """Give the lock back if the rollout has it."""
        found = self._lock()
        if found is None or found.value.id != rollout_id or found.value.released_at:
            return
        free = msgspec.structs.replace(found.value, released_at=now.isoformat(timespec="seconds"))
        try:
            self._put(lock_key(self.service), free, if_etag=found.etag)
        except PreconditionFailed:
            return  # released at the same time, and perhaps taken by the next one

    def held(self, lock: Lock) -> str:
        """Who holds the lock, since when, and at which step, in a sentence."""
        try:
            record = self.record(lock.id).value
            step = f"at step {record.step + 1} of {len(record.plan.steps)} ({record.plan.steps[record.step]})"
            what = f"{record.challenger.version}, {step}"
        except (NotFound, BundleError):
            what = "just started"
        return f"a rollout of {self.service} runs already: {lock.id} by {lock.by}, since {lock.since}: {what}"

    def _take(self, wanted: Lock) -> None:
        found = self._lock()
        if found is None:
            self._put(lock_key(self.service), wanted, if_new=True)
        elif found.value.released_at:
            self._put(lock_key(self.service), wanted, if_etag=found.etag)
        elif found.value.id != wanted.id:
            raise Held(self.held(found.value))

    def _lock(self) -> Read[Lock] | None:
        key = lock_key(self.service)
        try:
            found = self._get(key)
        except NotFound:
            return None
        return Read(decoded(found.body, Lock, key), found.etag)

    def _get(self, key: str) -> Object:
        found = self._objects.get(key)
        if found is None:
            raise BundleError(f"{key}: an empty answer")
        return found

    def _put(
        self, key: str, value: msgspec.Struct, *, if_etag: str | None = None, if_new: bool = False
    ) -> None:
        body = msgspec.json.format(msgspec.json.encode(value))
        self._objects.put(key, body, if_etag=if_etag, if_new=if_new, content_type="application/json")
