"""`python -m benchmarks.review_queue`: many people take from one queue at once, and some of them vanish.

50 claimers in 10 processes work off 10,000 items on the DynamoDB of the embedded AWS: claim the next item,
settle it, again. The claimers of two processes claim some, settle none of these, and are gone. Afterwards the
audit log, which is written with each change or not at all, says who had what when. Asked: nothing was ever
with two people, everything was handed out once, what the vanished held once more, and nothing is lost.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from statistics import median, quantiles
from typing import Any, NamedTuple

from msgspec.structs import replace

from benchmarks.embedded import Embedded, embedded_aws
from benchmarks.table import Table
from lambdas.core.aws import Dynamo
from lambdas.core.decide import stamp
from lambdas.core.errors import DependencyDown
from lambdas.review import audit, claims
from lambdas.review.claims import Claims
from lambdas.review.item import Detail, Item, decoded
from lambdas.review.reviewer import Reviewer
from lambdas.review.tables import Tables
from tests.support.review import AUDIT, REVIEWS, create_tables

ITEMS = 10_000
PROCESSES, THREADS, VANISHING = 10, 5, 2
HELD = 5
EXPIRY_SECONDS = 45.0
WINDOW = 150
SERVICE = "tickets"


class Plan(NamedTuple):
    """What the claimers of one process do: claim `held` each and vanish, or work until nothing is left."""

    number: int
    threads: int
    seconds: float
    widths: tuple[int, ...]
    held: int = 0


@dataclass
class Worked:
    """What one claimer saw: milliseconds a claim, claims that were tried, answers that too many claim."""

    millis: list[float] = field(default_factory=list)
    tried: int = 0
    busy: int = 0


def tables_of() -> Tables:
    """The queue's tables at the endpoint of the environment."""
    return Tables(Dynamo(timeout=60.0), reviews=REVIEWS, audit=AUDIT)


def claimer(plan: Plan, thread: int) -> Worked:
    """Claim and settle until nothing is left, what others hold included; or claim a few and settle none."""
    who, tables, worked = Reviewer(f"{plan.number}-{thread}@example.com"), tables_of(), Worked()
    desk, idle = Claims(tables, [SERVICE], minutes=plan.seconds / 60), threading.Event()
    since: float | None = None
    # When there was nothing for so long, whoever vanished holds nothing any more: it is all done.
    while since is None or time.monotonic() - since < plan.seconds + 1:
        start = time.perf_counter()
        try:
            item = desk.next(who)
        except DependencyDown:
            worked.busy += 1
            continue
        if item is None:
            since = since or time.monotonic()
            idle.wait(0.2)
            continue
        since = None
        worked.millis.append(1000 * (time.perf_counter() - start))
        if not plan.held:
            settle(tables, item, who)
        elif len(worked.millis) == plan.held:
            break
    worked.tried = desk.tried
    return worked


def settle(tables: Tables, item: Item, who: Reviewer) -> None:
    """The shortest way to a settled item: without the decision's label, which is not what is measured."""
    at = stamp(datetime.now(UTC))
    after = replace(item, state="settled", holder=None, claim_until=None, settled_at=at)
    tables.write([tables.step(item, after, who=who.name, action="decided", at=at)])


def process(plan: Plan) -> list[Worked]:
    """The claimers of one process."""
    claims.WIDTHS = plan.widths  # type: ignore[misc, assignment]
    with ThreadPoolExecutor(plan.threads) as pool:
        return list(pool.map(lambda thread: claimer(plan, thread), range(plan.threads)))


def vanish(plan: Plan) -> None:
    """The claimers of one process, which ends without a word while they hold what they claimed."""
    process(plan)
    os._exit(1)


@dataclass
class Feeder:
    """Keeps `WINDOW` items in the queue until `count` went in, and takes out what is settled, as expiry does.

    The embedded AWS reads a whole table for each query of an index: with all items there at once each claim
    would take as long as that.
    """

    client: Any
    count: int
    put: int = 0
    settled: list[Item] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Feed until `done` is set."""
        tables = tables_of()
        while not self.done.is_set():
            there = [decoded(raw) for raw in scanned(self.client, REVIEWS)]
            settled = [item for item in there if item.state == "settled"]
            self.settled += settled
            for some in _batches(settled):
                gone = [{"DeleteRequest": {"Key": {"id": {"S": item.id}}}} for item in some]
                self._write({REVIEWS: gone})
            room = max(0, min(WINDOW - len(there) + len(settled), self.count - self.put))
            for some in _batches([_new(self.put + k) for k in range(room)]):
                self._queue(tables, some)
            self.put += room
            self.done.wait(0.3)

    def _queue(self, tables: Tables, items: list[Item]) -> None:
        """Write `items` as the intake does, several in one call."""
        requests: dict[str, list[Any]] = {REVIEWS: [], AUDIT: []}
        for item in items:
            step = tables.step(None, item, who="triage", action="queued", at=item.created_at)
            for write in step.writes:
                requests[write["Put"]["TableName"]].append({"PutRequest": {"Item": write["Put"]["Item"]}})
        self._write(requests)

    def _write(self, requests: dict[str, list[Any]]) -> None:
        if self.client.batch_write_item(RequestItems=requests)["UnprocessedItems"]:
            raise RuntimeError("the embedded AWS did not take all of it")


def _new(number: int) -> Item:
    own, at = f"{SERVICE}.{number:05}", stamp(datetime.fromtimestamp(1_780_000_000 + number, UTC))
    return Item(
        id=own, decision_id=own, service=SERVICE, kind="review", severity=number % 4, created_at=at,
        expires=1_900_000_000, detail=Detail(outcome="Billing"),
    )  # fmt: skip


def _batches(items: list[Item]) -> list[list[Item]]:
    """`items` in parts: a batch holds 25 writes, and a new item is two."""
    return [items[start : start + 12] for start in range(0, len(items), 12)]


@dataclass
class Found:
    """What the audit log says: claims by item, those of one item that overlapped, chains that do not hold."""

    claims: Counter[str] = field(default_factory=Counter)
    overlaps: int = 0
    settled: int = 0
    broken: int = 0


def looked(client: Any, settled: list[Item]) -> Found:
    """Hold the settled items against the whole audit log."""
    found = Found(settled=len({item.id for item in settled}))
    chains: defaultdict[str, list[audit.Entry]] = defaultdict(list)
    for raw in scanned(client, AUDIT):
        entry = audit.decoded(raw)
        chains[entry.review].append(entry)
    for item in settled:
        entries = sorted(chains[item.id], key=lambda entry: entry.seq)
        found.broken += bool(audit.verify(entries, item))
        until = ""
        for entry in entries:
            if entry.action == "claimed":
                found.claims[item.id] += 1
                found.overlaps += entry.at < until
            until = str(entry.after.get("claim_until", ""))
    return found


def scanned(client: Any, table: str) -> Iterator[dict[str, Any]]:
    """Every item of a table."""
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def work(plans: Iterable[Plan], *, gone_first: bool) -> tuple[list[Worked], float]:
    """What the claimers of all `plans` saw, and the seconds they took; those that vanish say nothing.

    With `gone_first` the others come when those are gone: with few items they would leave nothing to hold.
    """
    context, plans = get_context("spawn"), list(plans)
    gone = [context.Process(target=vanish, args=(plan,)) for plan in plans if plan.held]
    staying = [plan for plan in plans if not plan.held]
    start = time.monotonic()
    for each in gone:
        each.start()
    for each in gone if gone_first else ():
        each.join()
    with ProcessPoolExecutor(len(staying), mp_context=context) as pool:
        worked = [one for found in pool.map(process, staying) for one in found]
    for each in gone:
        each.join()
    return worked, time.monotonic() - start


def measure(
    aws: Embedded,
    widths: tuple[int, ...],
    items: int,
    *,
    vanishing: int,
    seconds: float,
    gone_first: bool = False,
) -> tuple[list[Worked], float, Found]:
    """One run on fresh tables: what the claimers saw, the seconds, and what the log says."""
    client = aws.client("dynamodb")
    create_tables(client, decisions=False)
    feeder = Feeder(client, items)
    feeding = threading.Thread(target=feeder.run)
    feeding.start()
    try:
        plans = [
            Plan(number, THREADS, seconds, widths, HELD if number < vanishing else 0)
            for number in range(PROCESSES)
        ]
        worked, took = work(plans, gone_first=gone_first)
    finally:
        feeder.done.set()
        feeding.join()
    left = [decoded(raw) for raw in scanned(client, REVIEWS)]
    found = looked(client, feeder.settled + [item for item in left if item.state == "settled"])
    for name in (REVIEWS, AUDIT):
        client.delete_table(TableName=name)
    return worked, took, found


def rate(worked: list[Worked]) -> str:
    """Claims tried for each that got an item, and milliseconds a claim."""
    millis = [each for one in worked for each in one.millis]
    tried = sum(one.tried for one in worked) / len(millis)
    return f"{tried:.2f} tries, p50 {median(millis):.0f} ms, p95 {quantiles(millis, n=20)[-1]:.0f} ms"


def compare(aws: Embedded, table: Table, items: int) -> None:
    """How many claims are tried in vain, by how many items each claimer chooses among."""
    for name, widths in (("the first one", (1,) * 1_000), ("the first 10", (10,) * 400)):
        worked, took, _ = measure(aws, widths, items, vanishing=0, seconds=3.0)
        table.add(f"a claim among {name}, {items:,} items", rate(worked), against=f"{took:.0f} s")


def run(items: int = ITEMS) -> None:
    """Measure, print the table and save it."""
    table = Table("review_queue", "python -m benchmarks review_queue")
    with embedded_aws() as aws:
        compare(aws, table, items // 100)
        worked, took, found = measure(aws, claims.WIDTHS, items, vanishing=VANISHING, seconds=EXPIRY_SECONDS)
    held, times, first = VANISHING * THREADS * HELD, Counter(found.claims.values()), claims.WIDTHS[0]
    table.add(
        f"a claim as it is ({first}, then more), {items:,} items", rate(worked), against=f"{took:.0f} s"
    )
    table.add("with two people at once", str(found.overlaps), asked="0", reached=found.overlaps == 0)
    once = times[1] == items - held and times[2] == held and len(found.claims) == items
    table.add(
        "handed out once / twice",
        f"{times[1]:,} / {times[2]:,}",
        against=f"{held} were with those who vanished",
        asked="once; those twice",
        reached=once,
    )
    table.add("settled in the end", f"{found.settled:,}", asked=f"{items:,}", reached=found.settled == items)
    table.add("audit chains that do not hold", str(found.broken), asked="0", reached=found.broken == 0)
    table.add("answers that too many claim at once", str(sum(one.busy for one in worked)))
    table.notes.append(
        f"{PROCESSES * THREADS} claimers in {PROCESSES} processes; those of {VANISHING} claimed {HELD} each "
        f"and were gone. Claims last {EXPIRY_SECONDS:.0f} s here. The embedded AWS is one process on the "
        "same machine: the milliseconds are those of all claimers at once on it, not DynamoDB's; tries carry "
        f"over. It reads a whole table for a query of an index, so {WINDOW} items are queued at a time; "
        "what is settled is taken out, and new ones come in."
    )
    table.save()


if __name__ == "__main__":
    run()
