"""The moves of a rollout: start, share, look, promote. Each may be tried again after it was half done.

A move that writes rollout.json reads it first, then the record, and writes over what it read: an undoing
marks the record before it puts rollout.json back (undo.py), so no move can come after it unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from lambdas.core.decide import utc_now
from lambdas.core.errors import NotFound
from lambdas.core.variant import Rollout
from lambdas.rollout.record import Asked, Cause, Look, Record
from lambdas.rollout.start import Refused, begin, take_up
from lambdas.rollout.store import Held, Read, RolloutStore, retried
from lambdas.rollout.tell import Tell

Next = Literal["share", "wait", "promote", "undo", "ended", "refused"]
Judge = Callable[[Record, datetime, datetime], Look]
"""What the observations say that were decided between two times, in the present step."""


WHOLE_LOOKS: Final = 20


class Move(NamedTuple):
    """What the state machine does next: `seconds` to wait, `why` for an end."""

    next: Next
    seconds: int = 1
    why: str = ""


class Moves:
    """The rollouts of one service. `grace` is how long functions may take to see a new rollout.json.

    All moves raise DependencyDown, and BundleError for an object that cannot be read.
    """

    def __init__(
        self,
        store: RolloutStore,
        *,
        judge: Judge,
        tell: Tell,
        grace: timedelta,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._judge = judge
        self._tell = tell
        self._grace = grace
        self._now = now

    def start(self, asked: Asked) -> Move:
        """Take the lock and write the record, or take up an earlier record. A refusal is told by mail."""
        try:
            return retried(lambda: self._start(asked))
        except (Refused, Held) as error:
            self._tell.refused(asked, error.detail)
            return Move("refused", why=error.detail)

    def share(self, rollout_id: str) -> Move:
        """Give the challenger the share of the present step."""
        return retried(lambda: self._share(rollout_id))

    def look(self, rollout_id: str) -> Move:
        """Judge what was decided since the share was set; every look is kept in the record."""
        return retried(lambda: self._of_running(rollout_id, self._look))

    def promote(self, rollout_id: str) -> Move:
        """Make the challenger the champion, tell people, and give the lock back."""
        move = retried(lambda: self._of_running(rollout_id, self._promote))
        if move.next == "ended":
            self._store.release(rollout_id, self._now())
        return move

    def _start(self, asked: Asked) -> Move:
        try:
            known = self._store.record(asked.id)
        except NotFound:
            begin(self._store, asked, self._now())
            return Move("share")
        if known.value.attempt == asked.attempt:  # this start was tried before
            return _ended(known.value) if known.value.over else Move("share")
        take_up(self._store, asked, known, self._now())
        return Move("share")

    def _share(self, rollout_id: str) -> Move:
        live, found = self._store.live(), self._store.record(rollout_id)
        record = found.value
        if record.status != "running":
            return _ended(record)
        if not record.is_own(live.value):
            if record.step == 0 and record.since is None and record.is_waiting_beside(live.value):
                # Nothing was written yet: what was left there since the start is what an undoing puts back.
                self._store.set_record(msgspec.structs.replace(record, before=live.value), found.etag)
                return self._share(rollout_id)
            return self._changed(found)
        if live.value != record.at_step():
            self._store.set_live(record.at_step(), live.etag)
        if record.since is None:
            since = self._now().isoformat(timespec="milliseconds")
            self._store.set_record(msgspec.structs.replace(record, since=since), found.etag)
        return Move("wait", record.plan.wait_seconds)

    def _of_running(self, rollout_id: str, move: Callable[[Read[Rollout], Read[Record]], Move]) -> Move:
        """The `move` of a rollout that runs, given rollout.json and the record; of any other one its end."""
        live, found = self._store.live(), self._store.record(rollout_id)
        if found.value.status != "running":
            return _ended(found.value)
        if not found.value.is_own(live.value):
            return self._changed(found)
        return move(live, found)

    def _look(self, _: Read[Rollout], found: Read[Record]) -> Move:
        record = found.value
        if record.since is None:
            return Move("share")  # this look was tried before, and had moved on
        since = datetime.fromisoformat(record.since)
        seen = self._judge(record, since + self._grace, self._now())
        after, move = _decided(record, seen, self._now() - since)
        self._store.set_record(after, found.etag)
        return move

    def _promote(self, live: Read[Rollout], found: Read[Record]) -> Move:
        record = found.value
        if live.value != record.promoted():
            self._store.set_live(record.promoted(), live.etag)
        done = msgspec.structs.replace(
            record,
            status="promoted",
            reason="every step was passed",
            ended_at=self._now().isoformat(timespec="seconds"),
        )
        self._store.set_record(done, found.etag)
        self._tell.promoted(done)
        return _ended(done)

    def _changed(self, found: Read[Record]) -> Move:
        """Somebody else wrote rollout.json: what they wrote stays, and the rollout ends."""
        why = "rollout.json was changed by somebody else while it ran"
        self._store.set_record(_because(found.value, "changed", why), found.etag)
        return Move("undo")


def _decided(record: Record, seen: Look, passed: timedelta) -> tuple[Record, Move]:
    """The record after the look `seen`, which came `passed` after its step had begun, and what is next."""
    plan, judgement = record.plan, seen.judgement
    after = msgspec.structs.replace(record, looks=[*_kept(record.looks), seen])
    if judgement.verdict == "worse":
        return _because(after, "judge", judgement.reason), Move("undo")
    if judgement.verdict == "fine":
        if record.step + 1 == len(plan.steps):
            return after, Move("promote")
        return msgspec.structs.replace(after, step=record.step + 1, since=None), Move("share")
    if passed.total_seconds() >= plan.most_wait_seconds:
        why = (
            f"too little traffic: {plan.most_wait_seconds:,} s were not enough to tell at "
            f"{plan.steps[record.step]}: {judgement.reason}"
        )
        return _because(after, "traffic", why), Move("undo")
    return after, Move("wait", plan.wait_seconds)


def _kept(looks: list[Look]) -> list[Look]:
    """`looks`, of which only the newest keep their figures: the record is written whole at each look."""
    old = [
        msgspec.structs.replace(look, judgement=msgspec.structs.replace(look.judgement, findings=[]))
        for look in looks[:-WHOLE_LOOKS]
    ]
    return [*old, *looks[-WHOLE_LOOKS:]]


def _because(record: Record, cause: Cause, reason: str) -> Record:
    return msgspec.structs.replace(record, cause=cause, reason=reason)


def _ended(record: Record) -> Move:
    return Move("ended", why=f"{record.status}: {record.reason}")
