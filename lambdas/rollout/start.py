"""How a rollout begins, and how it goes on after it was undone or its state machine died."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from lambdas.core.errors import Conflict, NotFound
from lambdas.core.variant import BundleRef, Rollout
from lambdas.rollout.record import Asked, Record
from lambdas.rollout.store import Held, Read, RolloutStore


class Refused(Conflict):
    """The rollout may not start, or not go on; nothing was changed."""


def begin(store: RolloutStore, asked: Asked, now: datetime) -> None:
    """Take the lock and write a new record.

    Raises Held when another rollout runs, Refused when this one may not, PreconditionFailed when it has a
    record.
    """
    if asked.plan is None:
        raise Refused("the rollout has no plan: start it with make rollout")
    if flaw := asked.plan.flaw():
        raise Refused(flaw)
    holder = store.holder()
    if holder is not None and holder.id != asked.id:
        raise Held(store.held(holder))
    challenger = _cleared(store, asked)
    store.take(asked.id, asked.by, now)
    try:
        # Read under the lock: only a publish with --force changes it from here on.
        before = _startable(store, asked, challenger)
    except Refused:
        store.release(asked.id, now)
        raise
    at = now.isoformat(timespec="seconds")
    store.add_record(Record(asked.id, asked.service, asked.by, at, before, challenger, asked.plan))


def take_up(store: RolloutStore, asked: Asked, known: Read[Record], now: datetime) -> None:
    """Let the rollout go on from its step.

    Where the share was taken back the step is judged anew, and spends its part of the chance of a false alarm
    once more. Raises Held, Refused, PreconditionFailed.
    """
    record, live = known.value, store.live().value
    if record.attempt != asked.attempt - 1:
        raise Refused(f"{record.id} was taken up by somebody else already")
    if record.status == "promoted" or record.cause == "judge":
        raise Refused(f"{record.id} is over for good ({record.reason}): start a new rollout")
    store.take(record.id, asked.by, now)
    own = record.is_own(live)
    if not (own or record.is_waiting_beside(live)):
        store.release(record.id, now)
        raise Refused(
            f"rollout.json is not what {record.id} left (the champion is {live.champion.version}): start a "
            "new rollout"
        )
    again = msgspec.structs.replace(
        record,
        status="running",
        by=asked.by,
        before=record.before if own else live,  # what was left there meanwhile is put back by an undoing
        # Where the share was never taken back, its observations go on counting.
        since=record.since if live == record.at_step() else None,
        cause=None,
        reason="",
        ended_at=None,
        attempt=asked.attempt,
    )
    store.set_record(again, known.etag)


def _cleared(store: RolloutStore, asked: Asked) -> BundleRef:
    """The bundle as the pre-flight saw it. Raises Refused when it did not, or it is another by now."""
    try:
        cleared = store.preflight(asked.version)
        manifest = store.manifest(asked.version)
    except NotFound as error:
        raise Refused(f"{asked.version} has passed no pre-flight: {error.detail}") from error
    if cleared.failed and not cleared.forced:
        listed = "; ".join(f"{each.gate}: {each.said}" for each in cleared.failed)
        raise Refused(f"{asked.version} did not pass its pre-flight: {listed}")
    if hashlib.sha256(manifest).hexdigest() != cleared.manifest_sha256:
        raise Refused(f"{asked.version} in the bucket is not the bundle that passed the pre-flight")
    return BundleRef(asked.version, cleared.manifest_sha256)


def _startable(store: RolloutStore, asked: Asked, challenger: BundleRef) -> Rollout:
    """rollout.json as it stands, if a rollout may start from it. Raises Refused."""
    live, cleared = store.live().value, store.preflight(asked.version)
    if live.champion.version == challenger.version:
        raise Refused(f"{challenger.version} is the champion already")
    if cleared.champion != live.champion.version and not cleared.forced:
        raise Refused(
            f"the pre-flight compared {challenger.version} with {cleared.champion}, but the champion is "
            f"{live.champion.version} by now: start it again"
        )
    if live.challenger is not None and (live.share > 0.0 or live.shadow):
        how = "runs in shadow" if live.shadow else f"answers for {live.share:.1%}"
        raise Refused(
            f"{live.challenger.version} {how} outside of any rollout: settle that first, by publishing the "
            "champion again"
        )
    return live
