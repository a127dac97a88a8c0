"""`make rollback`: rollout.json as it was before the rollout, at once, whatever the state machine does."""

from __future__ import annotations

from rich.console import Console

from lambdas.core.decide import utc_now
from lambdas.rollout.record import Record
from lambdas.rollout.undo import undo
from local import learning
from local.errors import Misused
from local.place import Place
from local.rollout_place import NEEDED, RolloutPlace, require_newest, who

REFRESH = "warm functions see it within ROLLOUT_REFRESH_SECONDS (10)"


def rollback(place: Place, console: Console, service: str, *, on_aws: bool, force: bool) -> None:
    """Undo the rollout that runs, or else the newest one, and say what answers now.

    Raises Misused when there is nothing to undo, Overtaken when rollout.json was changed after the promotion
    and it is not `force`.
    """
    there = RolloutPlace(learning.where(place, on_aws=on_aws, stacks=NEEDED), service)
    holder = there.store.holder()
    record = there.record(holder.id) if holder else require_newest(there)
    if holder is not None and record is None:
        _before_it_began(there, holder.id, console)
        return
    assert record is not None  # noqa: S101 - said by the two lines above
    if record.over and record.status != "promoted":
        there.store.release(record.id, utc_now())
        raise Misused(
            f"There is nothing to undo: the rollout {record.id} is over ({record.status}: {record.reason}), "
            f"and {there.store.live().value.champion.version} answers."
        )
    promoted = record.status == "promoted"
    done = undo(
        there.store,
        record.id,
        there.tell(lambda detail: console.print(f"  warning: {detail}", markup=False)),
        cause="person",
        reason=f"{who()} asked for it",
        force=force,
    )
    there.stop(record.id, record.attempt)
    _say(console, done, there.store.live().value.champion.version, promoted=promoted)


def _say(console: Console, done: Record, champion: str, *, promoted: bool) -> None:
    what = "the promotion" if promoted else "the rollout"
    console.print(f"Undone: {what} of {done.challenger.version} ({done.id}).", markup=False)
    console.print(f"{champion} answers everybody; {REFRESH}.", markup=False)
    if not promoted:
        console.print(f"To go on from the same step: make rollout SERVICE={done.service} RESUME=1")


def _before_it_began(there: RolloutPlace, rollout_id: str, console: Console) -> None:
    """The lock is taken and nothing else was done yet."""
    there.stop(rollout_id, 1)
    there.store.release(rollout_id, utc_now())
    console.print(f"{rollout_id} had changed nothing yet; it is stopped.", markup=False)
