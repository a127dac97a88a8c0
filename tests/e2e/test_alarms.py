"""Every alarm, from its cause to the mail in the queue that stands in for a mailbox, and until it is over.

Six causes are real: a bundle that does not load, a log that takes nothing, a model that is missing, tickets
that no model can be sure of, a poison record on the stream, and a drift job that runs on the memory of a bad
night. Of `api-errors` the 5xx are real, but the embedded AWS counts none, so the test puts the number that
callers saw as AWS would. Of `api-latency`, `stream-late` and `rollout-failed` it has no metric either, and
their causes take minutes or hours: there the test puts a value that AWS would put. From the metric on, all is
the app's own: alarm, topic, function, mail.
"""

from __future__ import annotations

import json
import random
import re
import string
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from lambdas.core.variant import decode_rollout
from lambdas.drift.report import State
from lambdas.mail.catalogue import ALARMS, PREFIX
from local import inbox, streaming
from local.drills.traffic import Traffic, payments, tickets
from local.drills.world import World
from local.place import Place
from local.stack import Stack
from tests.e2e.transactions import event, eventually, fresh, send

FIRST = (
    "model-failures",
    "low-confidence",
    "drift",
    "dead-letters",
    "api-latency",
    "stream-late",
    "rollout-failed",
)
"""Those of them that may be a part of another come before it, when each has a mail of its own."""
THEN = ("fallbacks", "log-failures", "api-errors")
PUT = {"api-latency": 3_500, "stream-late": 400, "rollout-failed": 1}
"""What the embedded AWS does not count, and no cause of a few seconds would make it."""
SECONDS = 600.0
"""The longest wait for a mail. It ends when the mail is there; a busy laptop needs minutes for seven."""


class Mailbox:
    """The mails that have come since it was made."""

    def __init__(self, stack: Stack, place: Place) -> None:
        self._stack, self._place = stack, place
        self._old = {mail.id for mail in self.all()}

    def all(self) -> list[inbox.Mail]:
        inbox.fetch(self._stack.endpoint, self._stack.output("InboxQueueUrl"), self._place.inbox)
        return inbox.read(self._place.inbox)

    def new(self) -> list[inbox.Mail]:
        """Every new mail."""
        return [mail for mail in self.all() if mail.id not in self._old]

    def of(self, state: str) -> dict[str, list[inbox.Mail]]:
        """The new mails of alarms that went to `state`, by the alarm's name in the catalogue."""
        found: dict[str, list[inbox.Mail]] = {}
        for mail in self.new():
            if mail.alarm and mail.state == state:
                found.setdefault(mail.alarm.removeprefix(PREFIX), []).append(mail)
        return found


@pytest.fixture
def world(stack: Stack) -> World:
    """The stack, with every alarm off."""
    made = World(stack)
    for name in ALARMS:
        made.calm(name, SECONDS)
    return made


def test_each_alarm_is_a_mail_when_it_starts_and_when_it_is_over(world: World, laptop: Place) -> None:
    """And what is a part of another alarm that is on is none."""
    stack, mailbox = world.stack, Mailbox(world.stack, laptop)
    with broken_first(world) as again:
        wait_for(mailbox, "ALARM", FIRST, again)
    wait_for(mailbox, "OK", FIRST)

    with broken_then(world) as again:
        wait_for(mailbox, "ALARM", THEN, again)
        before = {name: len(mails) for name, mails in mailbox.of("ALARM").items()}
        parts = {(PREFIX + "stream-late", "log-failures"), (PREFIX + "api-latency", "api-errors")}
        again()
        for part in ("stream-late", "api-latency"):
            world.count_in_place_of_aws(part, PUT[part])
        eventually(lambda: parts <= silent(stack), "no mails of their own", SECONDS)
        after = {name: len(mails) for name, mails in mailbox.of("ALARM").items()}
        assert {name: after[name] for name in ("stream-late", "api-latency")} == {
            name: before[name] for name in ("stream-late", "api-latency")
        }
    wait_for(mailbox, "OK", THEN)
    for name, known in ALARMS.items():
        (start, *_), (end, *_) = mailbox.of("ALARM")[name], mailbox.of("OK")[name]
        assert start.subject.startswith(f"ALARM: triage-{name}: {known.broke}"[:99])
        said = dict(re.findall(r"^([A-Z][a-z ]+): (.+)$", start.text, re.MULTILINE))
        assert said["What to do"] == known.do
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC, ", said["Since when"])
        assert re.fullmatch(
            rf"[\d,.]+ {re.escape(known.unit)} in 1 minute; the alarm starts .+", said["How bad"]
        )
        assert said["Runbook"].endswith(f"docs/runbook.md#{name}")
        assert said["Dashboard"].endswith("#dashboards/dashboard/triage-us-east-1")
        assert f"- Owner: {known.owner}" in start.text
        assert re.fullmatch(rf"OK: triage-{name} is over after .+", end.subject), end.subject
        assert "it lasted" in end.text
    drift = mailbox.of("ALARM")["drift"][0].text
    assert re.search(r"^- tickets, bundle \S+: drifts since ", drift, re.MULTILINE), drift
    own = [mail.subject for mail in mailbox.new() if not mail.alarm and "drift" in mail.subject]
    assert own == [], "the alarm's mail is the only one"


def wait_for(
    mailbox: Mailbox, state: str, names: tuple[str, ...], again: Callable[[], None] | None = None
) -> None:
    """Return when there is a mail of each alarm in `state`; until then their causes come `again`."""
    deadline = time.monotonic() + SECONDS
    while missing := set(names) - set(mailbox.of(state)):
        assert time.monotonic() < deadline, f"no mail that says {state} of {sorted(missing)}"
        if again:
            again()
        time.sleep(2.0)


@contextmanager
def broken_first(world: World) -> Iterator[Callable[[], None]]:
    """The causes of FIRST, all at once, until the end of the block; gives what repeats the short ones."""

    def again() -> None:
        nonsense(world.stack)
        for name, value in PUT.items():
            world.count_in_place_of_aws(name, value)

    with ExitStack() as mend:
        mend.enter_context(challenger_that_does_not_load(world))
        mend.enter_context(drift_of_last_night(world))
        mend.enter_context(poison(world))
        yield again


@contextmanager
def broken_then(world: World) -> Iterator[Callable[[], None]]:
    """The causes of THEN, all at once, until the end of the block; gives what repeats the short one."""

    def again() -> None:
        failed = sum(world.stack.call("GET", "/v1/models").status >= 500 for _ in range(6))
        assert failed == 6
        world.count_in_place_of_aws("api-errors", failed)

    with ExitStack() as mend:
        mend.enter_context(no_model(world))
        mend.enter_context(Traffic(world.stack, tickets()))
        gate = mend.enter_context(world.gate("transactions", "dynamodb"))
        mend.enter_context(Traffic(world.stack, payments()))
        gate.mode = "throttled"
        mend.enter_context(world.changed("catalog", SERVICES=None))
        yield again


@contextmanager
def challenger_that_does_not_load(world: World) -> Iterator[None]:
    """A challenger whose manifest is not the one that is vouched for; its champion goes on answering."""
    live = decode_rollout(world.rollout("tickets"), "tickets")
    broken = {"version": live.champion.version, "manifest_sha256": "0" * 64}
    named = msgspec.to_builtins(live) | {"challenger": broken, "share": 0.5}
    with world.object_as("tickets/rollout.json", msgspec.json.encode(named)):
        for number in range(30):  # the function looks at rollout.json every 10 s
            answer = world.stack.call("POST", "/v1/tickets:classify", {"body": f"my invoice {number}"})
            assert (answer.status, answer.json()["source"]) == (200, "model")
            time.sleep(0.5)
        yield


def nonsense(stack: Stack) -> None:
    """A hundred tickets in no language: the input has changed, and no model can be sure of them."""
    letters = random.Random(1)  # noqa: S311 - not for secrets
    words = ["".join(letters.choices(string.ascii_lowercase, k=9)) for _ in range(500)]
    asked = [{"body": " ".join(letters.sample(words, 6))} for _ in range(100)]
    answer = stack.call("POST", "/v1/tickets:classifyBatch", {"tickets": asked})
    assert answer.status == 200
    sure = [each["confidence"] for each in answer.json()["decisions"]]
    assert sum(sure) / len(sure) < 0.6, "the service's bound in cdk/services.py"


@contextmanager
def poison(world: World) -> Iterator[None]:
    """A record that can never be decided, on the stream and soon among the dead letters."""
    send(world.stack, [event(fresh("card"), fresh("poison"), amount=-5)])
    try:
        yield
    finally:
        sqs = world.stack.client("sqs")
        sqs.purge_queue(QueueUrl=streaming.queue_url(sqs, world.stack.output("TransactionsDeadLettersUrl")))


@contextmanager
def drift_of_last_night(world: World) -> Iterator[None]:
    """The drift job as it runs the night after it found that tickets drift; then, as if they never had."""
    s3, bucket, key = world.stack.client("s3"), world.stack.bucket, "tickets/drift/state.json"
    version = decode_rollout(world.rollout("tickets"), "tickets").champion.version
    now = datetime.now(UTC).isoformat()
    state = State(version, now, now, windows=5, alarm=True, alarm_since=now)
    s3.put_object(Bucket=bucket, Key=key, Body=msgspec.json.encode(state))
    try:
        run(world.stack, "drift")
        yield
    finally:
        s3.delete_object(Bucket=bucket, Key=key)
        run(world.stack, "drift")


def run(stack: Stack, function: str) -> None:
    """Invoke a function of a schedule, as its schedule does."""
    done = stack.client("lambda").invoke(FunctionName=f"triage-{function}", Payload=b"{}")
    assert "FunctionError" not in done, done["Payload"].read()


@contextmanager
def no_model(world: World) -> Iterator[None]:
    """No rollout.json, and functions that start anew: rules answer."""
    s3, key = world.stack.client("s3"), "tickets/rollout.json"
    before = world.rollout("tickets")
    s3.delete_object(Bucket=world.stack.bucket, Key=key)
    try:
        with world.changed("tickets", COLD="yes"):

            def by_rules() -> bool:
                answer = world.stack.call("POST", "/v1/tickets:classify", {"body": "please refund me"})
                return bool(answer.json()["source"] == "rules")

            eventually(by_rules, "rules answer")
            yield
    finally:
        s3.put_object(Bucket=world.stack.bucket, Key=key, Body=before)


def silent(stack: Stack) -> set[tuple[str, str]]:
    """(alarm, what it is a part of) of the alarms that sent no mail of their own."""
    pages = stack.client("logs").get_paginator("filter_log_events")
    found = set()
    for page in pages.paginate(logGroupName="/aws/lambda/triage-mail"):
        for line in page["events"]:
            said: Any = json.loads(line["message"]) if line["message"].startswith("{") else {}
            if said.get("message") == "no mail of its own":
                found.add((said["alarm"], said["part_of"]))
    return found
