"""Putting rollout.json back: by the state machine when a step fails, and by `make rollback` at any time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from lambdas.core.decide import utc_now
from lambdas.core.errors import Conflict
from lambdas.rollout.record import Cause, Record, Status
from lambdas.rollout.store import RolloutStore, retried
from lambdas.rollout.tell import Tell

ENDS: Final[dict[Cause, Status]] = {"traffic": "stopped", "changed": "stopped"}
"""What a rollout that ends for a cause is called; every other one is `rolled-back`."""


class Overtaken(Conflict):
    """rollout.json is somebody else's by now: it is not put back without being told to."""


def undo(
    store: RolloutStore,
    rollout_id: str,
    tell: Tell,
    *,
    cause: Cause,
    reason: str,
    force: bool = False,
    now: Callable[[], datetime] = utc_now,
) -> Record:
    """Put rollout.json back as it was before the rollout, running or promoted; returns its last record.

    A cause that the record has already is kept. The record is marked first, so that no move of the state
    machine writes rollout.json afterwards; what is there is only written over if it is the rollout's own, or
    with `force`. May be called again after it was half done; of a rollout that is undone already only the
    lock is given back. Raises NotFound, DependencyDown, and Overtaken when somebody asks for the undoing of a
    promotion after which rollout.json was changed again.
    """
    record = retried(lambda: _mark(store, rollout_id, cause, reason, force=force))
    if record.status == "undoing":
        own = retried(lambda: _put_back(store, record, force=force))
        record = retried(lambda: _end(store, rollout_id, now(), own=own))
        tell.undone(record)
    store.release(rollout_id, now())
    return record


def _mark(store: RolloutStore, rollout_id: str, cause: Cause, reason: str, *, force: bool) -> Record:
    """The record with the status `undoing`, or as it is when there is nothing to undo."""
    live, found = store.live(), store.record(rollout_id)
    record = found.value
    if record.status == "undoing" or (record.over and record.status != "promoted"):
        return record
    if record.status == "promoted" and not (record.is_own(live.value) or force):
        raise Overtaken(
            f"since {rollout_id} was promoted, rollout.json was changed again: {live.value.champion.version} "
            f"is the champion, and {record.challenger.version} was. Publish the version you want, or pass "
            f"FORCE=1 to bring {record.before.champion.version} back"
        )
    if record.status == "promoted" or record.cause is None:
        record = msgspec.structs.replace(record, cause=cause, reason=reason)
    marked = msgspec.structs.replace(record, status="undoing")
    store.set_record(marked, found.etag)
    return marked


def _put_back(store: RolloutStore, record: Record, *, force: bool) -> bool:
    """Put rollout.json back; False when it is somebody else's and stays so."""
    live = store.live()
    if not (record.is_own(live.value) or force):
        return False
    if live.value != record.undone():
        store.set_live(record.undone(), live.etag)
    return True


def _end(store: RolloutStore, rollout_id: str, at: datetime, *, own: bool) -> Record:
    """The record with its end."""
    found = store.record(rollout_id)
    record = found.value
    if record.over:
        return record
    cause = record.cause or "person"
    if not own:
        cause = "changed"
    reason = record.reason
    if not own and record.cause != "changed":
        reason += "; rollout.json was changed by somebody else meanwhile, and stays as it is"
    ended = msgspec.structs.replace(
        record,
        status=ENDS.get(cause, "rolled-back"),
        cause=cause,
        reason=reason,
        ended_at=at.isoformat(timespec="seconds"),
    )
    store.set_record(ended, found.etag)
    return ended
