"""200 requests a second while rollout.json changes: who asks, and who sees it change."""

from __future__ import annotations

import multiprocessing as mp
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain

import msgspec

from benchmarks.rollout_answers import Change
from benchmarks.rollout_stack import SERVICE, World
from benchmarks.rollout_worker import Answered, Pace, work, work_gateway
from lambdas.core.variant import Rollout
from lambdas.rollout.store import RolloutStore
from model_build.objects import BotoObjects

RATE, WORKERS = 200.0, 3
GATEWAY_RATE = 4.0
EVERY = 0.2
"""Seconds between two looks at rollout.json."""


@dataclass
class Ran:
    """The changes in their order, and the answers of each process and of the gateway."""

    changes: list[Change] = field(default_factory=list)
    answers: list[list[Answered]] = field(default_factory=list)
    gateway: list[Answered] = field(default_factory=list)

    @property
    def all(self) -> list[Answered]:
        """Every answer."""
        return [*chain.from_iterable(self.answers), *self.gateway]


def asked_all_along(world: World, happens: Callable[[], None]) -> Ran:
    """What was answered, and what rollout.json said, while `happens` ran."""
    spawn = mp.get_context("spawn")
    ready, over = spawn.Barrier(WORKERS + 2), spawn.Event()
    folder = world.place.folder
    outs = [folder / f"answers-{k}" for k in range(WORKERS + 1)]
    processes = []
    for k, out in enumerate(outs[:-1]):
        environment = world.function_environment(folder / f"cache-{k}")
        pace = Pace(RATE / WORKERS, world.tickets, first=k, step=WORKERS)
        processes.append(spawn.Process(target=work, args=(environment, pace, str(out), ready, over)))
    at_the_gateway = (world.stack.api.url, world.stack.api.key, Pace(GATEWAY_RATE, world.tickets))
    processes.append(spawn.Process(target=work_gateway, args=(*at_the_gateway, str(outs[-1]), ready, over)))
    for process in processes:
        process.start()
    try:
        ready.wait(timeout=120)
        with _watched(world) as changes:
            happens()
    finally:
        over.set()
        for process in processes:
            process.join()
    *own, gateway = [msgspec.msgpack.decode(out.read_bytes(), type=list[Answered]) for out in outs]
    return Ran(changes, own, gateway)


@contextmanager
def _watched(world: World) -> Iterator[list[Change]]:
    """A list that grows with each change of rollout.json; the first is what stands there. Raises what a look
    at it raised."""
    store = RolloutStore(BotoObjects(world.stack.client("s3"), world.stack.bucket), SERVICE)
    changes = [Change("before", 0.0, store.live().value)]
    over, failed = threading.Event(), []  # type: tuple[threading.Event, list[Exception]]

    def watch() -> None:
        seen = time.time()
        while not over.wait(EVERY):
            asked = time.time()
            try:
                live = store.live().value
            except Exception as error:  # said below, in the thread that waits for it
                failed.append(error)
                return
            if live != changes[-1].live:
                changes.append(Change(_named(live, changes[-1].live, world), seen, live))
                print(f"    {changes[-1].what}", flush=True)
            seen = asked

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield changes
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]


def _named(live: Rollout, before: Rollout, world: World) -> str:
    """What a change is called in the table."""
    if live.challenger is not None and live.share > 0.0:
        which = "the better model" if live.challenger.version == world.better else "the worse model"
        return f"{live.share:.0%} of the customers to {which}"
    if live.champion.version == world.better:
        return "promotion"
    undone = "`make rollback`" if before.champion.version == world.better else "the judge's undoing"
    return undone if live.champion.version == world.champion else f"{live.champion.version}"
