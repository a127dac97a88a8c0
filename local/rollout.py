"""`make rollout`: the pre-flight, the start of the state machine, and a look at how it goes on."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from lambdas.rollout.record import MOST_LOOKS, Asked, Plan, Preflight, Step
from lambdas.rollout.store import Held
from local import learning
from local.errors import Misused
from local.learning import Where
from local.place import Place
from local.rollout_place import NEEDED, RolloutPlace, new_id, require_newest, who
from local.rollout_view import follow

UNLABELLED: Final = (
    "Warning: no step waits for people's labels, so a model that is as sure as before and more often wrong "
    "may be promoted (measured: benchmarks/results/rollout_judge.md). "
    'ROLLOUT_FLAGS="--labelled 200" asks for 200 a step.'
)

SAID: Final = {
    "wait_seconds": "WAIT",
    "most_wait_seconds": "--most-wait",
    "least_decisions": "LEAST",
    "least_labelled": "--labelled",
    "compare": "--compare",
}
"""What a field of the plan is called where it is said."""


@dataclass(frozen=True)
class Wanted:
    """What the command line says; None where it says nothing."""

    service: str
    version: str | None
    steps: str
    wait: int | None
    most_wait: int | None
    least: int | None
    labelled: int | None
    compare: float | None
    shadow: bool
    resume: bool
    force: bool
    on_aws: bool


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line of `rollout`, beside its service."""
    parser.add_argument("--version", help="which bundle (the one that waits with share 0, or the newest)")
    parser.add_argument("--steps", default="1,10,50,100", help="the challenger's shares, in percent")
    parser.add_argument("--wait", type=int, help="seconds between two looks (600)")
    parser.add_argument("--most-wait", type=int, help="seconds after which a step that cannot tell ends it")
    parser.add_argument("--least", type=int, help="decisions of the challenger that a step needs (500)")
    parser.add_argument("--labelled", type=int, help="how many of them people must have labelled (0)")
    parser.add_argument("--compare", type=float, help="the share of decisions that both answer (0.1)")
    parser.add_argument("--shadow", action="store_true", help="first a step in which it answers nobody")
    parser.add_argument("--resume", action="store_true", help="go on with the newest one from its step")
    parser.add_argument("--force", action="store_true", help="whatever the gates say; it is written down")
    parser.add_argument("--aws", action="store_true", help="in the AWS account of your own settings")


def wanted_from(options: argparse.Namespace) -> Wanted:
    """The parsed command line."""
    return Wanted(
        options.service, options.version, options.steps, options.wait, options.most_wait, options.least,
        options.labelled, options.compare, options.shadow, options.resume, options.force, options.aws,
    )  # fmt: skip


def rollout(place: Place, console: Console, wanted: Wanted) -> int:
    """Roll out a bundle, or go on with a rollout, and show it until it ends.

    Returns 0 for a promotion, 1 for any other end, 130 when the showing was interrupted. Raises Held while
    another one runs, Misused for steps that cannot be, and what asking AWS raises.
    """
    plan_of(wanted)  # before anything takes time
    found = learning.where(place, on_aws=wanted.on_aws, stacks=NEEDED)
    there = RolloutPlace(found, wanted.service)
    asked = _again(there) if wanted.resume else _new(place, console, found, there, wanted)
    if asked is not None:
        there.start(asked)
    shown = asked or require_newest(there)
    return follow(console, there, shown.id, shown.attempt)


def plan_of(wanted: Wanted, preflight: Preflight | None = None) -> Plan:
    """The plan of a new rollout. Raises Misused for steps that are none, and for one that cannot be run.

    Where nobody says how long a step may take, it is a day, or less where that would be more looks than the
    state machine can have.
    """
    try:
        shares = [float(part) / 100 for part in wanted.steps.split(",") if part.strip()]
    except ValueError as error:
        raise Misused(f"STEPS={wanted.steps}: say percents with commas between, as 1,10,50,100") from error
    if not shares or shares != sorted(set(shares)) or not all(0 < share <= 1 for share in shares):
        raise Misused(f"STEPS={wanted.steps}: each step is above the one before it, and at most 100")
    steps = [Step(0.0, shadow=True)] if wanted.shadow else []
    given = {
        "wait_seconds": wanted.wait,
        "most_wait_seconds": wanted.most_wait,
        "compare": wanted.compare,
        "least_decisions": wanted.least,
        "least_labelled": wanted.labelled,
        "least_entities": _entities(wanted.least),
        "costs": preflight.costs if preflight else None,
    }
    asked = {name: value for name, value in given.items() if value is not None}
    plan = Plan(steps=[*steps, *map(Step, shares)], **asked)  # type: ignore[arg-type]
    try:
        plan = msgspec.convert(msgspec.to_builtins(plan), Plan)  # the limits are checked when it is read
    except msgspec.ValidationError as error:
        why, _, field = str(error).partition(" - at `$.")
        field = field.rstrip("`")
        raise Misused(f"the rollout's plan, {SAID.get(field, field)}={asked.get(field)}: {why}") from error
    if wanted.most_wait is None and plan.looks > MOST_LOOKS:
        most = MOST_LOOKS // len(plan.steps) * plan.wait_seconds
        plan = msgspec.structs.replace(plan, most_wait_seconds=max(most, plan.wait_seconds))
    if flaw := plan.flaw():
        raise Misused(f"the rollout's plan: {flaw}")
    return plan


def announced(preflight: Preflight, plan: Plan) -> list[str]:
    """What is said of a rollout before it starts, in lines: who takes over and how, and what goes unseen."""
    steps = ", ".join(map(str, plan.steps))
    pace = f"a look every {plan.wait_seconds:,} s, at most {plan.most_wait_seconds:,} s a step"
    takes = f"{preflight.service}: {preflight.version} takes over from {preflight.champion}: {steps}; {pace}"
    return [takes] if plan.least_labelled else [takes, UNLABELLED]


def _entities(least: int | None) -> int | None:
    """Of how many entities the decisions of a step must be."""
    return None if least is None else min(Plan(steps=[Step(1.0)]).least_entities, max(1, least // 5))


def _new(place: Place, console: Console, found: Where, there: RolloutPlace, wanted: Wanted) -> Asked:
    """The bundle is looked at, uploaded, and asked for. Raises Held, Misused."""
    _refuse_beside_another(there)
    preflight = _preflight(place, found, there, wanted)
    plan = plan_of(wanted, preflight)
    console.print()
    for line in announced(preflight, plan):
        console.print(line, markup=False)
    return Asked(service=wanted.service, id=new_id(), by=who(), version=preflight.version, plan=plan)


def _refuse_beside_another(there: RolloutPlace) -> None:
    holder = there.store.holder()
    if holder is None:
        return
    record = there.record(holder.id)
    runs = there.execution(holder.id, record.attempt if record else 1).runs
    advice = "Wait for it" if runs else "Its state machine is dead: go on with it (RESUME=1)"
    raise Held(f"{there.store.held(holder)}. {advice}, or undo it: make rollback SERVICE={there.service}")


def _preflight(place: Place, found: Where, there: RolloutPlace, wanted: Wanted) -> Preflight:
    """Run `model_build preflight`; it has said itself what is wrong when Misused is raised."""
    with tempfile.TemporaryDirectory(prefix="triage-") as folder:
        out = Path(folder) / "preflight.json"
        command = [
            sys.executable, "-m", "model_build", "preflight", wanted.service, "--bucket", there.bucket,
            "--build-dir", str(place.build), "--by", who(), "--out", str(out),
            *(["--version", wanted.version] if wanted.version else []),
            *(["--force"] if wanted.force else []),
        ]  # fmt: skip
        done = subprocess.run(command, cwd=place.root, env=found.environment, check=False)
        if done.returncode != 0:
            raise Misused("The rollout was not started: the pre-flight says above why.")
        return msgspec.json.decode(out.read_bytes(), type=Preflight)


def _again(there: RolloutPlace) -> Asked | None:
    """What takes up the newest rollout; None when its state machine runs, and it only has to be shown."""
    record = require_newest(there)
    if there.execution(record.id, record.attempt).runs:
        return None
    if record.status == "promoted" or record.cause == "judge":
        raise Misused(f"{record.id} is over for good ({record.status}: {record.reason}): start a new one")
    return Asked(service=record.service, id=record.id, by=who(), attempt=record.attempt + 1)
