"""How a rollout goes on: a table that stays in its place in a terminal, a line a change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lambdas.rollout.judge_plan import Finding
from lambdas.rollout.record import Look, Record
from lambdas.rollout.tell import place
from local.errors import Interrupted
from local.rollout_place import Execution, RolloutPlace

EVERY: Final = 1.0
STYLES: Final = {"worse": "red", "within": "green", "open": "yellow", "unknown": "dim"}


def follow(console: Console, there: RolloutPlace, rollout_id: str, attempt: int) -> int:
    """Show the rollout until it ends; 0 for a promotion, 1 for another end, 130 when interrupted."""
    record: Record | None = None
    execution = Execution("MISSING")
    try:
        with _Screen(console) if console.is_terminal else nullcontext(_Lines(console, attempt)) as screen:
            for record, execution in _states(there, rollout_id, attempt):  # noqa: B007 - the last ones count
                screen.show(record)
    except (KeyboardInterrupt, Interrupted):
        console.print(
            f"\nThe rollout {rollout_id} goes on without this window. To look again: make rollout "
            f"SERVICE={there.service} RESUME=1; to undo it: make rollback SERVICE={there.service}",
            markup=False,
        )
        return 130
    return _ended(console, there.service, record, execution)


def _states(there: RolloutPlace, rollout_id: str, attempt: int) -> Iterator[tuple[Record | None, Execution]]:
    """The record of this attempt and the state machine as they are, again and again, until they are over."""
    while True:
        execution = there.execution(rollout_id, attempt)
        record = there.record(rollout_id)  # after the machine: when that is over, nothing more is written
        if record is not None and record.attempt != attempt:
            record = None
        yield record, execution
        if not execution.runs or (record is not None and record.over):
            return
        time.sleep(EVERY)


class _Screen:
    """A terminal: the newest state stays in its place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=2)

    def __enter__(self) -> _Screen:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, record: Record | None) -> None:
        """Draw it."""
        self._live.update(_screen(record) if record else Text("the state machine starts …"))


class _Lines:
    """No terminal: what is new, a line each. Of an earlier attempt's looks nothing is told again."""

    def __init__(self, console: Console, attempt: int) -> None:
        self._console = console
        self._told = 0 if attempt == 1 else None
        self._step: tuple[int, str] | None = None

    def show(self, record: Record | None) -> None:
        """Print what is new."""
        if record is None:
            return
        for look in record.looks[len(record.looks) if self._told is None else self._told :]:
            for line in look_lines(record, look):
                self._console.print(line, markup=False)
        self._told = len(record.looks)
        if record.since is not None and (record.step, record.since) != self._step and not record.over:
            self._step = (record.step, record.since)
            every = f"a look every {record.plan.wait_seconds} s"
            self._console.print(f"  {place(record)}: since {record.since}, {every}", markup=False)


def look_lines(record: Record, look: Look) -> list[str]:
    """What a look found: the verdict with the decisions behind it, and what is worse."""
    counted = ", ".join(f"{variant} {n:,}" for variant, n in look.decisions.items())
    step = record.plan.steps[look.step]
    first = f"  {look.at}  {step}: {look.judgement.verdict} ({counted}): {look.judgement.reason}"
    return [first, *(f"    - {finding.sentence}" for finding in look.judgement.worse())]


def _screen(record: Record) -> Group:
    """The whole rollout: its step, what is counted, and what the last look found."""
    champion, challenger = record.before.champion.version, record.challenger.version
    head = Text(f"{record.service}: {challenger} against {champion}, {place(record)}, {record.status}")
    looks = [look for look in record.looks if look.step == record.step] or record.looks[-1:]
    if not looks:
        return Group(head, Text(_next_look(record), "dim"))
    last = looks[-1]
    table = Table("metric", "state", "finding", box=None, padding=(0, 2, 0, 0))
    for finding in last.judgement.findings:
        table.add_row(_name(finding), Text(finding.state, STYLES[finding.state]), Text(finding.sentence))
    counted = ", ".join(f"{variant} {n:,}" for variant, n in last.decisions.items())
    said = Text(
        f"look {len(record.looks)} at {last.at}: {last.judgement.verdict}, decisions: {counted}. "
        f"{last.judgement.reason}"
    )
    return Group(head, said, table, Text(_next_look(record), "dim"))


def _name(finding: Finding) -> str:
    return f"{finding.metric} ({finding.about})" if finding.about else finding.metric


def _next_look(record: Record) -> str:
    """When the next look comes."""
    if record.since is None or record.over:
        return ""
    seen = [look.at for look in record.looks if look.step == record.step]
    last = datetime.fromisoformat(seen[-1] if seen else record.since)
    left = record.plan.wait_seconds - (datetime.now(UTC) - last).total_seconds()
    return f"the next look in {max(0, round(left))} s; Ctrl-C leaves it running"


def _ended(console: Console, service: str, record: Record | None, execution: Execution) -> int:
    """Say how it ended."""
    if execution.next == "refused" or record is None:
        console.print(f"\nThe rollout did not start: {execution.why or execution.status}", markup=False)
        return 1
    if not record.over:
        console.print(
            f"\nThe state machine has ended ({execution.status}: {execution.why}) and the rollout has not: "
            f"make rollout SERVICE={service} RESUME=1 goes on, make rollback SERVICE={service} undoes it",
            markup=False,
        )
        return 1
    if record.status == "promoted":
        console.print(f"\n{record.challenger.version} is the champion. To undo it: make rollback "
                      f"SERVICE={service}", markup=False)  # fmt: skip
        return 0
    console.print(f"\n{record.status} at {place(record)}: {record.reason}", markup=False)
    if record.looks:
        for line in look_lines(record, record.looks[-1])[1:]:
            console.print(line, markup=False)
    console.print(f"{record.before.champion.version} answers. The mail says more: make inbox", markup=False)
    return 1
