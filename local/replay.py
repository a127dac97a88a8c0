"""A short stream of transactions for a fresh stack: sent, decided, and one fraud that was stopped."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from local import streaming
from local.answers import source
from local.events import Event, columns_from, read
from local.place import Place
from local.progress import Steps
from local.stack import Stack

ROWS = 400
SEED = 2026
FRAUD = 0.06
"""More than in real life, so that a short stream has some of each kind."""
DAYS = 30


@dataclass(frozen=True)
class Replayed:
    """What became of a stream: how many of each outcome, how many are not decided, and the riskiest."""

    outcomes: dict[str, int]
    undecided: int
    riskiest: dict[str, Any] | None
    asked: dict[str, Any]


def prepare(place: Place) -> list[Event]:
    """The sample stream of `place`, made when it is not there; it ends when it was made."""
    if not place.stream.is_file():
        from model_build.transactions.synthetic import (  # noqa: PLC0415 - only the first time
            TransactionParameters,
            write_csv,
        )

        now = datetime.now(UTC).replace(microsecond=0)
        part = place.stream.with_suffix(".part")
        wanted = TransactionParameters(
            rows=ROWS, seed=SEED, rows_a_card=10.0, fraud=FRAUD, start=now - timedelta(days=DAYS), end=now
        )
        write_csv(part, wanted)
        part.replace(place.stream)
    return list(read(place.stream, columns_from(place.root / "params.yaml")))


def run(stack: Stack, events: list[Event], steps: Steps, *, kafka: bool = False) -> Replayed:
    """Put those of `events` on the stream that are not decided yet, wait, and tell what became of all."""
    from local import running  # noqa: PLC0415 - it knows of the stack's processes, which know of the replay

    log = stack.place.logs / "replay.log"
    table = stack.output("DecisionsTable")
    ids = [event.own for event in events]
    known = streaming.decided(stack.endpoint, table, ids)
    new = [event for event in events if event.own not in known]
    if new:
        way = "Kafka" if kafka else "the queue"
        with steps.step(f"replaying {len(new)} transactions through {way}", log):
            told = _Progress(log, len(new))
            before = _dead(stack)
            if kafka:
                streaming.to_kafka(running.beside(stack.place).get("broker"), new, told.sent)
            else:
                streaming.to_queue(stack.endpoint, stack.output("TransactionsQueueUrl"), new, told.sent)
            wanted = [event.own for event in new]
            known |= streaming.wait(
                stack.endpoint, table, wanted, lambda: _dead(stack) - before, told.decided
            )
    return _summed_up(known, len(events) - len(known))


def _dead(stack: Stack) -> int:
    return streaming.waiting(stack.endpoint, stack.output("TransactionsDeadLettersUrl"))


def _summed_up(items: dict[str, dict[str, Any]], undecided: int) -> Replayed:
    answers = [(json.loads(item["answer"]["S"]), item) for item in items.values()]
    outcomes = Counter(answer["outcome"] for answer, _ in answers)
    riskiest = max(answers, key=lambda each: float(each[0]["probability"]), default=None)
    asked = json.loads(riskiest[1]["asked"]["S"]) if riskiest else {}
    return Replayed(dict(outcomes), undecided, riskiest[0] if riskiest else None, asked)


class _Progress:
    """Writes how far it is to the step's log, whose last line is shown beside the step."""

    def __init__(self, log: Path, of: int) -> None:
        self._log = log
        self._of = of
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")

    def sent(self, count: int) -> None:
        """`count` are on the stream."""
        self._say(f"{count} of {self._of} sent")

    def decided(self, count: int) -> None:
        """`count` are decided."""
        self._say(f"{count} of {self._of} decided")

    def _say(self, text: str) -> None:
        with self._log.open("a") as file:
            file.write(f"{text}\n")


def show(console: Console, replayed: Replayed) -> None:
    """Print the outcomes, and the riskiest transaction with its reasons."""
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(replayed.outcomes.items()))
    console.print(Text.assemble(("  transactions on the stream: ", "dim"), outcomes or "none decided"))
    if replayed.undecided:
        console.print(Text(f"  {replayed.undecided} are not decided: make redrive, make logs", "yellow"))
    answer = replayed.riskiest
    if answer is None:
        return
    asked = replayed.asked
    what = f"{float(asked['amount']):,.2f} {asked.get('currency', 'USD')}"
    where = f", {asked['category']}" if asked.get("category") else ""
    console.print(Text.assemble("\n      ", (f"card {answer['card_id']}, {what}{where}", "bold")))
    verdict = {
        "decline": ("stopped as fraud", "bold red"),
        "review": ("held for a person", "yellow"),
        "approve": ("approved", "green"),
    }[answer["outcome"]]
    sure = f", fraud probability {float(answer['probability']):.3f}, risk {answer['risk_level']}"
    console.print(Text.assemble("      decision    ", verdict, sure))
    for number, reason in enumerate(answer.get("top_reasons") or ()):
        label = "because" if number == 0 else ""
        console.print(Text.assemble(f"      {label:<11} - ", (str(reason["words"]), "dim")))
    console.print(Text.assemble("      answered by ", (source(answer), "dim")))
    models = ", ".join(f"{name} {score:.2f}" for name, score in answer["scores"].items())
    console.print(Text.assemble("      scores      ", (models, "dim")))
    path = f"/v1/transactions/{quote(answer['transaction_id'], safe='')}/explanation"
    console.print(Text.assemble("      explained   ", (f"GET {path}", "dim")))
