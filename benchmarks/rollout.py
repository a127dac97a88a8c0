"""Rollouts: what they cost a request, and whether 200 requests a second notice one, and its undoing.

The whole app is deployed into the embedded AWS. `make rollout` starts its state machine, whose function
judges what the observer wrote of the very requests that are asked all along; then come `make rollback`, and a
worse model that the judge undoes.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from benchmarks.rollout_answers import live_after, without_a_model, wrong_because
from benchmarks.rollout_hot_path import NOTE, hot_path
from benchmarks.rollout_stack import APART, SERVICE, World, deployed
from benchmarks.rollout_traffic import EVERY, GATEWAY_RATE, RATE, WORKERS, Ran, asked_all_along
from benchmarks.rollout_worker import Answered
from benchmarks.table import Table
from lambdas.observations.read import Observations
from lambdas.rollout.record import FOLDER, Record
from lambdas.rollout.store import RolloutStore
from model_build.objects import BotoObjects

HOLD = 15.0
"""Seconds that an end of a rollout stands: longer than a refresh, so that every function sees it."""
STEPS, WORSE_STEPS, WAIT, LEAST = "1,10,50,100", "50,100", "35", "20"
MOST_SECONDS = 30.0
READS = 3

_NOTES = (
    f"""
    What is real: the whole app, deployed by what `make up` runs into the embedded AWS, whose files lie
    in memory where the machine has /dev/shm; `make rollout` with its pre-flight, steps of {STEPS} % and
    a look every {WAIT} s, of {LEAST} decisions of the challenger at least; the Step Functions machine,
    which invokes the deployed rollout function; the judge, which reads what the deployed observer wrote
    of the decision log's stream: the decisions of this table, and no others; `make rollback`; and the
    trained ticket models, of which the worse one has its departments mixed up.
    """,
    f"""
    Requests: {WORKERS} processes are warm functions. Each calls the function's own handler with the
    events that API Gateway makes, in the deployed function's environment, on the embedded S3 and
    DynamoDB. {GATEWAY_RATE:.0f} a second more go through the embedded API Gateway to the deployed
    function. All run from before the first rollout until after the last one, every request by a
    customer of its own. A request failed when its status is not 200. Every answer is compared with what
    the version that it names says of that ticket when it is opened by itself; the tickets are those on
    which all three versions differ, in the department or by {APART} in confidence. It is also wrong
    when rollout.json did not give the customer to that version in the {MOST_SECONDS:.0f} s before.
    """,
    """
    Left out: the 200 a second do not pass through a gateway or Lambda's own runtime, because the
    embedded gateway is no place for them on two cores; what the processes print (metrics and log lines)
    is thrown away; steps stand for less than a minute, not for ten; and the embedded stream hands the
    observer what has come some 30 times a second, where AWS waits for 1,000 records or 300 s.
    """,
    f"""
    Live after: from the last look at rollout.json that still saw what it said before (there is one
    every {EVERY} s) to the last request, in any process or through the API, that was still answered by
    that, of those whose answer changes: at 1 % one every 1.5 s a process. A function looks every 10 s.
    """,
)


def run() -> None:
    """Measure and save the table."""
    table = Table("rollout", "python -m benchmarks rollout")
    hot_path(table)
    with deployed() as world:
        ends: list[int] = []
        ran = asked_all_along(world, lambda: _happens(world, ends))
        _requests(table, world, ran)
        _seen(table, world, ran)
        _changes(table, ran)
        _ends(table, world, ends)
        table.notes += [NOTE, *(" ".join(note.split()) for note in _NOTES)]
        table.save()


def _happens(world: World, ends: list[int]) -> None:
    """A whole rollout, its undoing, and a worse one; the exit codes go into `ends`."""
    paced = ("--wait", WAIT, "--least", LEAST)
    time.sleep(HOLD)
    ends.append(world.make("rollout", SERVICE, "--version", world.better, "--steps", STEPS, *paced))
    time.sleep(HOLD)
    ends.append(world.make("rollback", SERVICE))
    time.sleep(HOLD)
    forced = ("--version", world.worse, "--force", "--steps", WORSE_STEPS, *paced)
    ends.append(world.make("rollout", SERVICE, *forced))
    time.sleep(HOLD)


# ---- rows -------------------------------------------------------------------------------------


def _requests(table: Table, world: World, ran: Ran) -> None:
    own = [answer for each in ran.answers for answer in each]
    spent = max(a.at for a in own) - min(a.asked for a in own)
    table.add(
        "requests a second to the function's handler, through it all", f"{len(own) / spent:.0f}",
        against=f"{len(own):,} requests in {spent:.0f} s, the latest {max(a.late for a in own):.1f} s late",
        asked=f"{RATE:.0f}", reached=len(own) / spent >= 0.98 * RATE,
    )  # fmt: skip
    _faults(table, world, ran, "of them", own)
    slow = sorted(a.at - a.asked for a in own)
    table.add(
        "a request, median / 99 % / longest",
        " / ".join(f"{slow[int(q * (len(slow) - 1))] * 1e3:.0f} ms" for q in (0.5, 0.99, 1.0)),
    )
    spent = max(a.at for a in ran.gateway) - min(a.asked for a in ran.gateway)
    table.add(
        "requests a second through the API to the deployed function", f"{len(ran.gateway) / spent:.1f}",
        against=f"{len(ran.gateway):,} requests",
    )  # fmt: skip
    _faults(table, world, ran, "of these", ran.gateway)


def _faults(table: Table, world: World, ran: Ran, of: str, answers: list[Answered]) -> None:
    answered = [a for a in answers if not a.failed]
    failed = Counter(a.failed for a in answers if a.failed)
    wrong = [why for a in answered if (why := wrong_because(a, world.said, ran.changes, MOST_SECONDS))]
    degraded = [a for a in answered if without_a_model(a)]
    for what in [*failed, *wrong[:20], *{f"{a.source}, without {a.degraded}" for a in degraded}]:
        print("fault:", what)
    names = {world.champion: "champion", world.better: "better", world.worse: "worse"}
    by = Counter(names.get(a.version, a.version) for a in answered)
    told = ", ".join(f"{name} {by[name]:,}" for name in names.values())
    table.add(f"{of} failed", f"{failed.total()}", asked="0", reached=not failed)
    table.add(
        f"{of} answered by a half-loaded or a mixed-up model", f"{len(wrong)}", against=told, asked="0",
        reached=not wrong,
    )  # fmt: skip
    table.add(
        f"{of} answered without a model or not logged", f"{len(degraded)}", asked="0", reached=not degraded
    )


def _seen(table: Table, world: World, ran: Ran) -> None:
    """Whether the observer wrote down what was answered, all of it and nothing else."""
    answers = ran.all
    since, until = (datetime.fromtimestamp(at, UTC) for at in (min(a.asked for a in answers), time.time()))
    objects = BotoObjects(world.stack.client("s3"), world.stack.bucket)
    for _ in range(READS):  # the last ones come a moment later
        window = Observations(objects, SERVICE).between(since - timedelta(seconds=1), until)
        if len(window) >= len(answers):
            break
    table.add(
        "decisions that the observer wrote down, for the judge to read", f"{len(window):,}",
        asked=f"{len(answers):,}", reached=len(window) == len(answers),
    )  # fmt: skip


def _changes(table: Table, ran: Ran) -> None:
    for number, change in list(enumerate(ran.changes))[1:]:
        seconds = live_after(ran.changes, number, ran.all)
        if seconds is None:
            table.add(f"{change.what}: live", "it changes nobody's answer")
            continue
        table.add(
            f"{change.what}: live in every function after", f"{seconds:.1f} s",
            asked=f"within {MOST_SECONDS:.0f} s", reached=seconds <= MOST_SECONDS,
        )  # fmt: skip


def _ends(table: Table, world: World, ends: list[int]) -> None:
    objects = BotoObjects(world.stack.client("s3"), world.stack.bucket)
    keys = [key for key in objects.keys(f"{SERVICE}/{FOLDER}/") if "/active." not in key]
    store = RolloutStore(objects, SERVICE)
    good, bad = (store.record(key.rpartition("/")[2].removesuffix(".json")).value for key in keys)
    print(ends, good.status, good.reason, bad.status, bad.reason)
    looks = Counter(look.step for look in good.looks)
    first = "promoted" if ends[0] == 0 else "not promoted"
    table.add(
        "the better model: `make rollout`, then `make rollback`",
        f"{first}, then {good.status} by a {good.cause}",
        against="looks a step: " + ", ".join(f"{good.plan.steps[k]} {n}" for k, n in sorted(looks.items())),
        asked="promoted, then undone by a person", reached=ends[:2] == [0, 0] and good.cause == "person",
    )  # fmt: skip
    table.add(
        "the worse model, forced past the gates", f"{bad.status} by the {bad.cause}", against=_why(bad),
        asked="undone by the judge", reached=ends[2] == 1 and bad.cause == "judge",
    )  # fmt: skip


def _why(record: Record) -> str:
    last = record.looks[-1]
    metrics = ", ".join(dict.fromkeys(finding.metric for finding in last.judgement.worse()))
    return f"look {len(record.looks)}, after {last.decisions['challenger']:,} of its decisions: {metrics}"
