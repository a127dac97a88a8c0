"""`make drill`: the drills one after the other, against the running laptop stack."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console

from local import running
from local.drills import faults, records
from local.drills.faults import Drill
from local.drills.report import Report, Seen, show
from local.drills.world import World
from local.errors import Misused
from local.place import Place
from local.stack import connect

DRILLS: tuple[Drill, ...] = (
    Drill("storage", "S3 does not answer", "fallbacks", "fallbacks", faults.storage_gone),
    Drill("table", "the decision log is throttled", "log-failures", "log-failures", faults.table_throttled),
    Drill("features", "the feature store is gone", "feature-store", None, faults.feature_store_gone),
    Drill("bundle", "a bundle was tampered with", "model-failures", "model-failures", faults.bundle_tampered),
    Drill("poison", "poison records on the stream", "dead-letters", "dead-letters", records.poison),
    Drill("errors", "the function fails at every call", "api-errors", "api-errors", faults.error_storm),
    Drill("clock", "producers' clocks jump", "dead-letters", "dead-letters", records.clock_jump),
)


def chosen(names: Sequence[str]) -> list[Drill]:
    """The drills of these names, all of them when there are none. Raises Misused for one that is none."""
    known = {drill.name: drill for drill in DRILLS}
    for name in names:
        if name not in known:
            raise Misused(f"there is no drill '{name}': they are {', '.join(known)}")
    return [known[name] for name in names] or list(DRILLS)


def drill(place: Place, console: Console, names: Sequence[str]) -> int:
    """Run and print each drill; 1 when one of them went wrong. Raises NotRunning, Misused."""
    todo = chosen(names)
    world = World(connect(place, running.require(place).endpoint))
    console.print("Each drill waits for its alarm's mail, which takes a minute or two.\n")
    reports = [run(world, each, console) for each in todo]
    wrong = [report.name for report in reports if report.wrong]
    lost = sum(len(report.seen.lost) for report in reports)
    console.print(
        f"{len(reports) - len(wrong)} of {len(reports)} went well, "
        f"{'nothing' if not lost else f'{lost} decisions'} lost."
        + (f" Look at: {', '.join(wrong)}." if wrong else "")
    )
    return int(bool(wrong))


def run(world: World, each: Drill, console: Console) -> Report:
    """One drill, printed as soon as it is over."""
    report = Report(each.name, each.what, each.runbook, Seen(), each.alarm)
    if each.alarm is not None:
        world.calm(each.alarm)
    started = time.monotonic()
    each.run(world, report)
    report.seconds = time.monotonic() - started
    if report.seen.lost:
        report.wrong.append("decisions that callers were given are nowhere to be found")
    if each.alarm is not None and report.fired is None:
        report.wrong.append(f"nobody was told: {each.alarm} did not fire")
    show(console, report)
    return report
