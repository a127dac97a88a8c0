"""Nights of tickets, made of what is decided now: quiet ones, then loud ones until the drift's alarm is on.

The decisions are real ones, which the observer's own code writes down as if their night had been then; the
drift job's own code looks at each night as its schedule would have, and the deployed function at the last.
"""

from __future__ import annotations

import csv
import random
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdas.core.aws import Bucket, Topic
from lambdas.core.notices import Links
from lambdas.core.telemetry import Telemetry
from lambdas.drift.job import LATE, DriftJob
from lambdas.drift.limits import Limits
from lambdas.drift.report import State
from lambdas.observer.observer import Observer
from local.environment import aws_environment
from local.stack import Stack
from model_build.tickets.synthetic import TicketParameters, write_csv

BATCH = "/v1/tickets:classifyBatch"
A_NIGHT = 200
"""Twice of what the job gives a verdict on."""
QUIET = 5
"""So many that what begins then has not been so ever since the bundle answers: the job looks back a week."""
DAY = timedelta(days=1)

Ticket = dict[str, Any]
Image = dict[str, Any]


def usual(folder: Path, count: int) -> list[Ticket]:
    """Tickets as the model was trained on."""
    path = folder / "usual.csv"
    write_csv(path, TicketParameters(rows=2 * count, seed=4321))
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["subject"] + row["body"]).strip()]
    return [
        {name: row[name] for name in ("subject", "body", "channel", "customer_tier") if row[name]}
        | ({"previous_tickets": int(row["previous_tickets"])} if row["previous_tickets"] else {})
        for row in rows[:count]
    ]


def unheard(count: int, seed: int = 1) -> list[Ticket]:
    """Tickets in no language: the input has changed, and no model can be sure of them."""
    letters = random.Random(seed)  # noqa: S311 - not for secrets
    words = ["".join(letters.choices(string.ascii_lowercase, k=9)) for _ in range(500)]
    return [{"body": " ".join(letters.sample(words, 6))} for _ in range(count)]


def decide(stack: Stack, tickets: Sequence[Ticket]) -> list[Ticket]:
    """The model's decisions."""
    decisions: list[Ticket] = []
    for start in range(0, len(tickets), 100):
        answer = stack.call("POST", BATCH, {"tickets": tickets[start : start + 100]})
        assert answer.status == 200, answer.body
        decisions += answer.json()["decisions"]
    assert {each["source"] for each in decisions} == {"model"}
    return decisions


def logged(stack: Stack, decisions: Sequence[Ticket]) -> list[Image]:
    """What the decision log has of them, as its stream would bring it."""
    table, dynamo, found = stack.output("DecisionsTable"), stack.client("dynamodb"), []
    ids = [{"id": {"S": each["decision_id"]}} for each in decisions]
    for start in range(0, len(ids), 100):
        asked = {table: {"Keys": ids[start : start + 100]}}
        found += dynamo.batch_get_item(RequestItems=asked)["Responses"][table]
    assert len(found) == len(decisions)
    return found


class Kept:
    """The artifacts bucket as the observer writes to it; it remembers the keys."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.keys: list[str] = []

    def put(self, key: str, body: bytes) -> str:
        """Write the object."""
        self.keys.append(key)
        return self._bucket.put(key, body)


@contextmanager
def drifting_nights(stack: Stack, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tickets' drift has been on since last night; then all of the nights is taken away."""
    for name, value in aws_environment({}, stack.endpoint).items():
        patch.setenv(name, value)
    quiet = logged(stack, decide(stack, usual(folder, A_NIGHT)))
    loud = logged(stack, decide(stack, unheard(A_NIGHT)))
    s3, kept = stack.client("s3"), Kept(Bucket(stack.bucket))
    nights, last = QUIET + Limits().in_a_row, datetime.now(UTC)
    try:
        for number in range(1, nights + 1):
            now = last - (nights - number) * DAY
            observe(kept, number, quiet if number <= QUIET else loud, now - LATE)
            if number < nights:
                look(stack, now)
                assert not remembered(stack).alarm, f"night {number} of {nights}"
        run(stack, "drift")
        state = remembered(stack)
        assert state.alarm and state.windows == nights
        yield
    finally:
        found = s3.list_objects_v2(Bucket=stack.bucket, Prefix="tickets/drift/").get("Contents", [])
        for key in [*kept.keys, *(each["Key"] for each in found)]:
            s3.delete_object(Bucket=stack.bucket, Key=key)
        run(stack, "drift")


def observe(kept: Kept, number: int, images: Sequence[Image], until: datetime) -> None:
    """Let the observer write `images` as decisions of the hour that ended half an hour before `until`."""
    records = []
    for k, image in enumerate(images):
        at = until - timedelta(minutes=90) + timedelta(hours=k / len(images))
        moved = {"id": {"S": f"tickets.night-{number}-{k}"}, "at": {"S": at.isoformat()}}
        change = {
            "NewImage": image | moved,
            "ApproximateCreationDateTime": at.timestamp(),
            "SequenceNumber": f"9{number:03}{k:06}",
        }
        records.append({"eventName": "INSERT", "dynamodb": change})
    done = Observer(kept, Telemetry("observer"), {})({"Records": records}, None)
    assert done == {"batchItemFailures": []}


def look(stack: Stack, now: datetime) -> None:
    """The drift job's look at the tickets, at `now`."""
    job = DriftJob(
        Bucket(stack.bucket), Topic(stack.output("AlarmTopicArn")), ["tickets"], limits=Limits(),
        label_outcomes={}, links=Links(), now=lambda: now,
    )  # fmt: skip
    assert job({}, None)["tickets"]["decisions"] == A_NIGHT


def remembered(stack: Stack) -> State:
    """What the drift job remembers of the tickets."""
    found = stack.client("s3").get_object(Bucket=stack.bucket, Key="tickets/drift/state.json")
    return msgspec.json.decode(found["Body"].read(), type=State)


def run(stack: Stack, function: str) -> None:
    """Invoke a function of a schedule, as its schedule does."""
    done = stack.client("lambda").invoke(FunctionName=f"triage-{function}", Payload=b"{}")
    assert "FunctionError" not in done, done["Payload"].read()
