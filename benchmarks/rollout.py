"""Rollouts: what they cost a request, and whether 200 requests a second notice one, and its undoing.

Three processes stand for three warm functions. Each has the real Decider on the embedded S3 and DynamoDB,
with its own cache folder and the refresh of 10 s that the templates set. The two bundles give every ticket
to another department, so each answer says which model it is from, and any mixture of the two would show.
"""

from __future__ import annotations

import itertools
import multiprocessing as mp
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.embedded import BUCKET, Embedded, embedded_aws
from benchmarks.rollout_worker import Answered, work
from benchmarks.table import Table
from lambdas.core.variant import BundleRef, Rollout, assign
from lambdas.rollout.record import Asked, GateSaid, Plan, Preflight, Step

SERVICE = "tickets"
RATE, WORKERS = 200.0, 3
REFRESH = 10.0
HOLD = 15.0
"""Seconds that each state of rollout.json stands: longer than a refresh, so that every function sees each."""
SAYS = {"v1": "Billing", "v2": "Technical"}
SHARES = (0.01, 0.10, 0.50, 1.0)
CALLS, BLOCKS = 20_000, 21
MOST_MICROSECONDS, MOST_SECONDS = 20.0, 30.0


def run() -> None:
    """Measure and save the table."""
    table = Table("rollout", "python -m benchmarks rollout")
    with embedded_aws() as aws:
        refs = _published(aws)
        _hot_path(table, aws, refs)
        _through_a_rollout(table, aws, refs)
    table.notes += [
        "Cost of a request: `ModelStore.refresh` and `route` for an entity and a decision, between two looks "
        "at rollout.json, in the same process in turns; the median of the blocks' differences. The look "
        "itself, every 10 s, is there with and without a rollout.",
        "Requests: three processes with the real Decider share the pace, on the embedded S3 and DynamoDB. "
        "Left out are the gateway (the embedded one waits 50 ms for a function's output), the function "
        "around the Decider, and the state machine, whose moves are called one after the other; a failure "
        "of these is not among the 0. The judge's verdicts are given (its own benchmark is rollout_judge). "
        "Every write of rollout.json, the record and the lock is made by the code of the state machine's "
        "function and of `make rollback`.",
        "Live after: from the write of rollout.json to the last request in any process that was still "
        "answered by what it said before, of those whose answer changes: at 1 % one every 1.5 s a process. A "
        "function looks every 10 s.",
    ]
    table.save()


def _published(aws: Embedded) -> dict[str, BundleRef]:
    """Two bundles in the bucket: v1 gives every ticket to Billing, v2 to Technical."""
    from tests.support.bundles import write_bundle

    s3, refs = aws.client("s3"), {}
    for version, bias in {"v1": (6.0, -6.0), "v2": (-6.0, 6.0)}.items():
        refs[version] = write_bundle(aws.folder / "bundles", version, bias)
        for path in (aws.folder / "bundles" / version).iterdir():
            s3.upload_file(str(path), BUCKET, f"{SERVICE}/bundles/{version}/{path.name}")
    return refs


def _set_live(aws: Embedded, rollout: Rollout) -> None:
    aws.client("s3").put_object(
        Bucket=BUCKET, Key=f"{SERVICE}/rollout.json", Body=msgspec.json.encode(rollout)
    )


# ---- what a request pays ----------------------------------------------------------------------


def _hot_path(table: Table, aws: Embedded, refs: dict[str, BundleRef]) -> None:
    alone = Rollout(service=SERVICE, champion=refs["v1"])
    running = msgspec.structs.replace(alone, challenger=refs["v2"], share=0.5, salt="bench", compare=0.1)
    stores = [_store(aws, each, name) for name, each in (("alone", alone), ("running", running))]
    differences, both = [], ([], [])  # type: tuple[list[float], tuple[list[float], list[float]]]
    for block in range(BLOCKS):
        taken = [_microseconds(store, block) for store in stores]
        for own, value in zip(both, taken, strict=True):
            own.append(value)
        differences.append(taken[1] - taken[0])
    extra = statistics.median(differences)
    table.add(
        "a request's extra cost in the model store while a rollout runs", f"{extra:.2f} µs",
        against=f"{statistics.median(both[1]):.2f} µs with one, {statistics.median(both[0]):.2f} µs without",
        asked=f"under {MOST_MICROSECONDS:.0f} µs", reached=extra < MOST_MICROSECONDS,
    )  # fmt: skip


def _store(aws: Embedded, rollout: Rollout, name: str) -> Any:
    """A model store that has read `rollout`, and does not look again for an hour."""
    from lambdas.core.aws import Bucket
    from lambdas.core.bundle_cache import BundleCache
    from lambdas.core.model_store import ModelStore
    from lambdas.tickets.service import Tickets

    _set_live(aws, rollout)
    made = ModelStore(
        BundleCache(SERVICE, Bucket(BUCKET), aws.folder / f"cache-{name}"),
        open_model=Tickets().open, on_failure=_fail, refresh_seconds=3600.0,
    )  # fmt: skip
    made.refresh()
    assert made.route("a", "b").answers is not None
    return made


def _fail(error: Exception) -> None:
    raise error


def _microseconds(store: Any, block: int) -> float:
    """One request's time in the store, of `CALLS` with ever other entities."""
    names = [f"{block}-{k}" for k in range(CALLS)]
    refresh, route = store.refresh, store.route
    started = time.perf_counter()
    for name in names:
        refresh()
        route(name, name)
    return (time.perf_counter() - started) / CALLS * 1e6


# ---- whether requests notice ------------------------------------------------------------------


class Change(NamedTuple):
    """rollout.json from `at` on."""

    what: str
    at: float
    live: Rollout


@dataclass
class Ran:
    """The changes in their order, and every answer by process."""

    changes: list[Change]
    answers: list[list[Answered]]

    @property
    def all(self) -> Iterator[Answered]:
        """Every answer."""
        return itertools.chain.from_iterable(self.answers)

    def live_after(self, number: int) -> float | None:
        """Seconds from the change to the last answer in any process by what stood there before it; None for a
        change of nobody's answer."""
        change, before = self.changes[number], self.changes[number - 1].live
        until = self.changes[number + 1].at if number + 1 < len(self.changes) else float("inf")
        told = [
            answer
            for answer in self.all
            if change.at <= answer.asked < until
            and _by(before, answer.entity) != _by(change.live, answer.entity)
        ]
        if not told:
            return None
        old = [a.asked - change.at for a in told if a.version == _by(before, a.entity)]
        return max(old, default=0.0)


def _by(live: Rollout, entity: str) -> str:
    """The version that answers `entity`."""
    moved = assign(live, entity) == "challenger" and live.challenger is not None
    return live.challenger.version if moved and live.challenger else live.champion.version


def _through_a_rollout(table: Table, aws: Embedded, refs: dict[str, BundleRef]) -> None:
    _set_live(aws, Rollout(service=SERVICE, champion=refs["v1"]))
    ran = _asked_all_along(aws, lambda: _changes(aws, refs))
    answers = list(ran.all)
    spent = max(a.at for a in answers) - min(a.asked for a in answers)
    rate, failed = len(answers) / spent, [a for a in answers if a.failed]
    mixed = [a for a in answers if not a.failed and SAYS.get(a.version or "") != a.outcome]
    degraded = [a for a in answers if a.degraded]
    for failure in sorted({a.failed for a in failed}):
        print("failed:", failure)
    table.add(
        "requests a second through a rollout and its undoing", f"{rate:.0f}", asked=f"{RATE:.0f}",
        reached=rate >= 0.98 * RATE, against=f"{len(answers):,} requests in {spent:.0f} s",
    )  # fmt: skip
    table.add("of them failed", f"{len(failed)}", asked="0", reached=not failed)
    table.add(
        "answered by a half-loaded or a mixed-up model", f"{len(mixed)}", asked="0", reached=not mixed,
        against=", ".join(f"{v} {sum(a.version == v for a in answers):,}" for v in sorted(SAYS)),
    )  # fmt: skip
    table.add("answered without a model or not logged", f"{len(degraded)}", asked="0", reached=not degraded)
    slow = sorted(a.at - a.asked for a in answers)
    table.add(
        "a request, median / 99 % / longest",
        " / ".join(f"{slow[int(q * (len(slow) - 1))] * 1e3:.0f} ms" for q in (0.5, 0.99, 1.0)),
    )
    for number, change in list(enumerate(ran.changes))[1:]:
        seconds = ran.live_after(number)
        if seconds is None:
            table.add(f"{change.what}: live", "it changes nobody's answer")
            continue
        table.add(
            f"{change.what}: live in every process after", f"{seconds:.1f} s",
            asked=f"within {MOST_SECONDS:.0f} s", reached=seconds <= MOST_SECONDS,
        )  # fmt: skip


def _asked_all_along(aws: Embedded, changes: Callable[[], list[Change]]) -> Ran:
    """What all processes were answered while `changes` were made."""
    import os

    os.environ |= {
        "POWERTOOLS_SERVICE_NAME": SERVICE,
        "POWERTOOLS_METRICS_NAMESPACE": "Triage",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        "ROLLOUT_REFRESH_SECONDS": str(REFRESH),
    }
    spawn = mp.get_context("spawn")
    ready, over = spawn.Barrier(WORKERS + 1), spawn.Event()
    outs = [aws.folder / f"answers-{k}" for k in range(WORKERS)]
    workers = [
        spawn.Process(
            target=work, args=(k, RATE / WORKERS, str(aws.folder / f"cache-{k}"), str(out), ready, over)
        )
        for k, out in enumerate(outs)
    ]
    for worker in workers:
        worker.start()
    try:
        ready.wait(timeout=120)
        made = changes()
    finally:
        over.set()
        for worker in workers:
            worker.join()
    return Ran(made, [_read(out) for out in outs])


def _read(out: Path) -> list[Answered]:
    return msgspec.msgpack.decode(out.read_bytes(), type=list[Answered])


def _changes(aws: Embedded, refs: dict[str, BundleRef]) -> list[Change]:
    """A whole rollout, step by step, and then its undoing, by the code that does it."""
    from lambdas.core.notices import Links
    from lambdas.rollout.moves import Moves
    from lambdas.rollout.store import RolloutStore
    from lambdas.rollout.tell import Tell
    from lambdas.rollout.undo import undo
    from model_build.objects import BotoObjects
    from tests.support.rollouts import Mailbox

    store = RolloutStore(BotoObjects(aws.client("s3"), BUCKET), SERVICE)
    tell = Tell(Mailbox(), Links(), print)
    moves = Moves(store, judge=_fine, tell=tell, grace=timedelta())
    store.set_preflight(_preflight(refs["v2"]))
    made: list[Change] = []

    def note(what: str) -> None:
        made.append(Change(what, time.time(), store.live().value))
        print(what, flush=True)
        time.sleep(HOLD)

    note("before")
    plan = Plan(steps=[Step(share) for share in SHARES])
    moves.start(Asked(service=SERVICE, id="bench", by="bench", version="v2", plan=plan))
    for share in SHARES:
        moves.share("bench")
        note(f"{share:.0%} of the entities")
        moves.look("bench")
    moves.promote("bench")
    note("promotion")
    undo(store, "bench", tell, cause="person", reason="the benchmark asked for it")
    note("undoing")
    return made


def _fine(record: Any, since: datetime, until: datetime) -> Any:
    """A look that lets every step pass."""
    from lambdas.rollout.judge_plan import Judgement
    from lambdas.rollout.record import Look

    return Look(until.isoformat(), record.step, {}, Judgement(verdict="fine", reason="given", findings=[]))


def _preflight(ref: BundleRef) -> Preflight:
    said = [GateSaid("given", True, "a bundle made for the benchmark")]
    return Preflight(
        SERVICE, ref.version, ref.manifest_sha256, "v1", datetime.now(UTC).isoformat(), "bench", said
    )
