"""The laptop's commands, which the Makefile calls."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from cdk.command_line import OneLine
from cdk.services import SERVICES
from lambdas.core.errors import TriageError
from local import (
    ab,
    answers,
    deploy,
    drift,
    emulator,
    events,
    function_logs,
    inbox,
    learning,
    newer,
    prometheus,
    publish,
    redrive,
    replay,
    reviewers,
    rollback,
    rollout,
    running,
    signals,
    status,
    value,
)
from local.drills.run import drill
from local.environment import client
from local.errors import CallFailed, Interrupted, with_log
from local.place import Place, place_from, port_from
from local.process import Commands
from local.progress import Steps
from local.samples import SAMPLES, Sample
from local.stack import Stack, connect
from local.state import Account, load
from local.up import Up

NAMES = tuple(service.name for service in SERVICES)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 failed with a message, 130 interrupted."""
    options, rest = _parser().parse_known_args(arguments)
    place, console = place_from(os.environ), Console(highlight=False, soft_wrap=True)
    signals.as_interrupt()
    try:
        return _run(options, rest, place, console)
    except (KeyboardInterrupt, Interrupted):
        _complain("stopped. Nothing that this command started is running; run it again to go on.")
        return 130
    except TriageError as error:
        _complain(error.detail)
    except (BotoCoreError, ClientError) as error:
        if getattr(options, "aws", False):
            _complain(f"AWS refused: {error}")
        else:
            _complain(with_log(f"the embedded AWS refused: {error}. Its last lines:", emulator.log_of(place)))
    return 1


def _run(options: argparse.Namespace, rest: list[str], place: Place, console: Console) -> int:
    if rest and options.command not in {"publish", "retrain"}:
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    match options.command:
        case "up":
            up(place, console, kafka=options.stream == "kafka")
        case "down":
            down(place, console)
        case "reset":
            down(place, console)
            reset(place, console)
        case "inbox" | "logs" | "status" | "value" | "fairness" | "drift":
            _look(options, place, console)
        case "stream":
            put_on_stream(place, console, options)
        case "redrive":
            show_dead_letters(place, console, go=options.go, on_aws=options.aws)
        case "reviewer":
            add_reviewer(place, console, options.email, lead=options.lead, on_aws=options.aws)
        case "prometheus":
            prometheus.write(place, console, on_aws=options.aws)
        case "publish" | "retrain" | "rollout" | "rollback":
            return _change_models(options, rest, place, console)
        case "ab":
            ab.compare(place, console, ab.wanted_from(options))
        case "drill":
            return drill(place, console, options.names)
    return 0


def _change_models(options: argparse.Namespace, rest: list[str], place: Place, console: Console) -> int:
    """The commands after which another model may answer; their exit codes."""
    match options.command:
        case "publish":
            return publish.publish(place, options.service, rest, to_aws=options.aws)
        case "retrain":
            return learning.retrain(place, options.service, rest, on_aws=options.aws)
        case "rollout":
            return rollout.rollout(place, console, rollout.wanted_from(options))
    rollback.rollback(place, console, options.service, on_aws=options.aws, force=options.force)
    return 0


def _look(options: argparse.Namespace, place: Place, console: Console) -> None:
    """The commands that only show what is there."""
    match options.command:
        case "inbox":
            show_inbox(place, console)
        case "logs":
            show_logs(place, console)
        case "status":
            status.show(console, place, NAMES)
        case "value":
            asked = (options.service,) if options.service else NAMES
            value.show(place, console, asked, on_aws=options.aws, as_json=options.json)
        case "fairness":
            learning.show_fairness(place, console, on_aws=options.aws)
        case "drift":
            drift.show(place, console, options)


def up(place: Place, console: Console, *, kafka: bool) -> None:
    """Bring the stack up, call it with each sample, replay a short stream, and print how to go on."""
    with place.locked():
        with Steps(console) as steps:
            stack = Up(place, NAMES, steps, Commands(), kafka=kafka).run(port_from(os.environ))
            account = reviewers.ensure(place, stack)
            replayed = replay.run(stack, replay.prepare(place), steps, kafka=kafka)
            with steps.step("calling the live endpoint", emulator.log_of(place)):
                decisions = [(sample, _decision(stack, sample)) for sample in _samples()]
        console.print()
        for sample, decision in decisions:
            answers.show(console, sample, decision)
        console.print()
        replay.show(console, replayed)
        _how_to_go_on(stack, console, account)


def _samples() -> list[Sample]:
    return [sample for name in NAMES for sample in SAMPLES.get(name, ())]


def _decision(stack: Stack, sample: Sample) -> dict[str, object]:
    answer = stack.call("POST", sample.path, sample.body)
    if answer.status != 200:
        message = f"POST {sample.path} answered {answer.status}: {answer.body[:500].decode(errors='replace')}"
        written = "\n".join(f"    {line.text}" for line in function_logs.recent(stack.endpoint, 10))
        raise CallFailed(f"{message}\nWhat the functions wrote last:\n{written}")
    decision: dict[str, object] = answer.json()
    return decision


def _how_to_go_on(stack: Stack, console: Console, account: Account) -> None:
    lines = [("URL", stack.api.url), ("key", stack.api.key), ("page", _page(stack.console, account))]
    for name in NAMES:
        if said := newer.note(stack, name):
            lines.append(("note", said))
    console.print()
    for name, text in lines:
        console.print(Text.assemble((f"{name:<5}", "dim"), text))
    for sample in _samples()[:1]:
        console.print()
        console.print(Text(answers.curl(stack.api, sample)))
    console.print(
        "\nmake status, make logs, make inbox (mails of alarms and alerts), make stream CSV=… (your own "
        "transactions), make redrive (what could not be decided), make publish (your own model), make down"
    )


def _page(url: str, account: Account) -> str:
    return f"{url}, for reviewers: {account.email}, password {account.password}"


def add_reviewer(place: Place, console: Console, email: str, *, lead: bool, on_aws: bool) -> None:
    """Make an account for a reviewer, and say how to sign in with it."""
    if on_aws:
        reviewers.on_aws(email, lead=lead)
        console.print(
            f"Cognito mails {email} a first password; the page is the output ConsoleUrl of Triage-Api."
        )
        return
    account = reviewers.on_the_laptop(place, email, lead=lead)
    known = load(place)
    console.print(_page(f"{known.api_url if known else ''}/console", account))


def down(place: Place, console: Console) -> None:
    """Stop the stack of `place`; its state is kept. Says so when nothing runs."""
    with place.locked():
        found = running.find(place)
        if found is None:
            with signals.deferred():
                left = running.stop_beside(place)
            console.print("Stopped what was left." if left else "Nothing is running.")
            return
        with signals.deferred(), Steps(console) as steps, steps.step("stopping the embedded AWS"):
            running.stop(place, found)
        console.print(f"Stopped. What it held is kept in {place.folder}; make up goes on from there.")


def reset(place: Place, console: Console) -> None:
    """Delete what the stopped stack of `place` wrote. Bundles and what else lies in the folder stay."""
    with place.locked():
        place.clear()
    console.print(f"{place.folder} is empty again: the next make up deploys anew. Your models are kept.")


def show_inbox(place: Place, console: Console) -> None:
    """Print the mails of alarms and alerts: the ones seen before, and the ones that came since."""
    found = running.find(place)
    new: set[str] = set()
    if found is None:
        console.print("The laptop stack is not running (make up starts it), so this is what came before.")
    else:
        with place.locked():
            outputs = deploy.outputs(place)
            for name in ("InboxQueueUrl", "AlertInboxQueueUrl"):
                url = deploy.output(outputs, name)
                new |= {mail.id for mail in inbox.fetch(found.endpoint, url, place.inbox)}
    inbox.show(console, inbox.read(place.inbox), new)


def put_on_stream(place: Place, console: Console, options: argparse.Namespace) -> None:
    """Put the rows of a CSV on the stream and wait until they are decided; raises NotRunning, Misused."""
    stack = connect(place, running.require(place).endpoint)
    path = Path(options.csv) if options.csv else place.stream
    columns = events.columns_from(place.root / "params.yaml")
    rows = list(events.read(path, columns, newest_at=events.last_midnight() if options.shift else None))
    with Steps(console) as steps:
        replayed = replay.run(stack, rows[: options.limit], steps, kafka=options.to == "kafka")
    replay.show(console, replayed)


def show_dead_letters(place: Place, console: Console, *, go: bool, on_aws: bool) -> None:
    """Print what could not be decided and why; with `go` send it back to its stream."""
    sqs = boto3.client("sqs") if on_aws else client("sqs", running.require(place).endpoint)
    for name in redrive.streams(sqs):
        dead, source = redrive.urls(sqs, name)
        sent, again, left = 0, 0, list(redrive.letters(sqs, dead))
        redrive.show(console, left)
        try:
            if go:
                sent, again = redrive.send_all(
                    sqs, left, dead, source, lambda more: redrive.show(console, more)
                )
        finally:
            redrive.put_back(sqs, left, dead)
        if sent or go:
            console.print(f"{name}: {sent} dead letters are back on the stream, {len(left)} stay.")
            if again:
                console.print(f"{again} of those sent back are dead again: their cause is not mended.")
        elif left:
            console.print(f"{name}: {len(left)} dead letters. Mend the cause, then: make redrive GO=1")
        else:
            console.print(f"{name}: no dead letters.")


def show_logs(place: Place, console: Console) -> None:
    """Print what the functions wrote; raises NotRunning when nothing runs."""
    function_logs.show(console, function_logs.recent(running.require(place).endpoint))


def _complain(message: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(f"triage: {message}"))


def _parser() -> argparse.ArgumentParser:
    parser = OneLine(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    bringing = commands.add_parser("up", help="bring the whole system up on this machine")
    bringing.add_argument(
        "--stream", choices=("sqs", "kafka"), default="sqs", help="kafka: with a broker too"
    )
    putting = commands.add_parser("stream", help="put the transactions of a CSV on the stream")
    putting.add_argument("csv", nargs="?", help="the file; without one what `make up` replays")
    putting.add_argument("--to", choices=("sqs", "kafka"), default="sqs", help="which way they go")
    putting.add_argument("--shift", action="store_true", help="move all times: the newest to last midnight")
    putting.add_argument("--limit", type=int, help="the first so many rows only")
    driving = commands.add_parser("redrive", help="show what could not be decided, or send it back")
    driving.add_argument("--go", action="store_true", help="send it back to its stream")
    driving.add_argument("--aws", action="store_true", help="in the AWS account of your own settings")
    commands.add_parser("down", help="stop it; its state is kept")
    commands.add_parser("reset", help="stop it and forget its state; models are kept")
    commands.add_parser("inbox", help="show the mails of alarms and alerts a user would have got")
    commands.add_parser("logs", help="show what the functions wrote")
    commands.add_parser("status", help="show what runs, and which models answer")
    adding = commands.add_parser("reviewer", help="make an account for a reviewer")
    adding.add_argument("email")
    adding.add_argument("--lead", action="store_true", help="who also settles what is escalated")
    adding.add_argument("--aws", action="store_true", help="in the AWS account of your own settings")
    publishing = commands.add_parser(
        "publish", help="publish the newest bundle; further options go to `model_build publish`"
    )
    publishing.add_argument("service", choices=NAMES)
    publishing.add_argument("--aws", action="store_true", help="to the AWS account of your own settings")
    rolling = commands.add_parser("rollout", help="let a bundle take over step by step, and undo itself")
    rolling.add_argument("service", choices=NAMES)
    rollout.add_options(rolling)
    undoing = commands.add_parser("rollback", help="undo the rollout that runs, or the newest one")
    undoing.add_argument("service", choices=NAMES)
    undoing.add_argument("--force", action="store_true", help="though something was published since")
    undoing.add_argument("--aws", action="store_true", help="in the AWS account of your own settings")
    learned = commands.add_parser(
        "retrain", help="train again with people's verdicts; further options go to `model_build retrain`"
    )
    learned.add_argument("service", choices=NAMES)
    learned.add_argument("--aws", action="store_true", help="of the AWS account of your own settings")
    scraping = commands.add_parser("prometheus", help="write what a Prometheus needs to scrape the stack")
    scraping.add_argument("--aws", action="store_true", help="in the AWS account of your own settings")
    drilling = commands.add_parser("drill", help="break things on purpose, and see what becomes of it")
    drilling.add_argument("names", nargs="*", help="which drills; all of them when none is named")
    comparing = commands.add_parser("ab", help="write how two versions of a model compare on live traffic")
    comparing.add_argument("service", choices=NAMES)
    ab.add_options(comparing)
    worth = commands.add_parser("value", help="show what the decisions are worth, today and this month")
    worth.add_argument("service", nargs="?", choices=NAMES, help="all of them when left out")
    worth.add_argument("--aws", action="store_true", help="of the AWS account of your own settings")
    worth.add_argument("--json", action="store_true", help="as JSON, with all that it rests on")
    drifting = commands.add_parser("drift", help="compare what comes in with what the model was trained on")
    drifting.add_argument("service", choices=NAMES)
    drift.add_options(drifting)
    treated = commands.add_parser("fairness", help="show how live decisions treat groups of people")
    treated.add_argument("--aws", action="store_true", help="of the AWS account of your own settings")
    return parser
