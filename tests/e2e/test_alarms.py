"""Every alarm, from its cause to the mail in the queue that stands in for a mailbox, and until it is over.

All ten causes are real, and nothing is put in their place. A bundle does not load; tickets come that no model
can be sure of; eight nights of such decisions are looked at by the drift job; a poison record lies among the
dead letters; the catalog's storage is slow, or away; nobody reads the stream; a rollout can neither go on nor
be undone; a model is missing; the decision log takes nothing. From there on all is the app's own: metric,
alarm, topic, function, mail. Two things are quicker than on AWS: an alarm starts after one minute, and a
record is late after one (cdk/local_differences.py).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lambdas.mail.catalogue import ALARMS, PREFIX
from local import inbox
from local.drills.gate import Gate
from local.drills.traffic import Traffic, payments, tickets
from local.drills.world import World
from local.place import Place
from local.stack import Stack
from tests.e2e.alarm_causes import (
    ask_catalog,
    challenger_that_does_not_load,
    failed_rollout,
    held_stream,
    no_model,
    poison,
    silent,
)
from tests.e2e.drift_nights import decide, drifting_nights, unheard
from tests.e2e.transactions import eventually

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
PARTS = {"stream-late": "log-failures", "api-latency": "api-errors"}
"""What is caused once more while what it is a part of is on."""
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


def test_each_alarm_is_a_mail_when_it_starts_and_when_it_is_over(
    world: World, laptop: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is a part of another alarm that is on is none."""
    mailbox = Mailbox(world.stack, laptop)
    with broken_first(world, tmp_path, monkeypatch) as again:
        wait_for(mailbox, "ALARM", FIRST, again)
    wait_for(mailbox, "OK", FIRST)

    with broken_then(world) as catalog:
        wait_for(mailbox, "ALARM", THEN, lambda: ask_catalog(world.stack, failed=True))
        before = {name: len(mails) for name, mails in mailbox.of("ALARM").items()}
        catalog.mode, catalog.delay = "slow", 6.0  # longer than the catalog waits for S3
        wanted = {(PREFIX + part, whole) for part, whole in PARTS.items()}

        def all_silent() -> bool:
            ask_catalog(world.stack, failed=True, slow=True)
            return wanted <= silent(world.stack)

        eventually(all_silent, "no mails of their own", SECONDS)
        after = {name: len(mails) for name, mails in mailbox.of("ALARM").items()}
        assert {part: after[part] for part in PARTS} == {part: before[part] for part in PARTS}
    wait_for(mailbox, "OK", THEN)
    for name in ALARMS:
        check(name, mailbox)
    drift = mailbox.of("ALARM")["drift"][0].text
    assert re.search(r"^- tickets, bundle \S+: drifts since ", drift, re.MULTILINE), drift
    own = [mail.subject for mail in mailbox.new() if not mail.alarm and "drift" in mail.subject]
    assert own == [], "the alarm's mail is the only one"


def check(name: str, mailbox: Mailbox) -> None:
    """The mails say all that people need."""
    known = ALARMS[name]
    (start, *_), (end, *_) = mailbox.of("ALARM")[name], mailbox.of("OK")[name]
    assert start.subject.startswith(f"ALARM: triage-{name}: {known.broke}"[:99])
    said = dict(re.findall(r"^([A-Z][a-z ]+): (.+)$", start.text, re.MULTILINE))
    assert said["What to do"] == known.do
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC, ", said["Since when"])
    assert re.fullmatch(rf"[\d,.]+ {re.escape(known.unit)} in 1 minute; the alarm starts .+", said["How bad"])
    assert said["Runbook"].endswith(f"docs/runbook.md#{name}")
    assert said["Dashboard"].endswith("#dashboards/dashboard/triage-us-east-1")
    assert f"- Owner: {known.owner}" in start.text
    assert re.fullmatch(rf"OK: triage-{name} is over after .+", end.subject), end.subject
    assert "it lasted" in end.text


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
def broken_first(world: World, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The causes of FIRST, all at once, until the end of the block; gives what repeats the short ones."""
    with ExitStack() as mend:
        mend.enter_context(poison(world))
        mend.enter_context(held_stream(world))  # a minute, in which the others come about
        mend.enter_context(drifting_nights(world.stack, folder, patch))
        mend.enter_context(challenger_that_does_not_load(world))
        mend.enter_context(failed_rollout(world))
        catalog = mend.enter_context(world.gate("catalog", "s3"))
        catalog.mode, catalog.delay = "slow", 0.7  # of six objects, one after the other

        def again() -> None:
            sure = [each["confidence"] for each in decide(world.stack, unheard(100))]
            assert sum(sure) / len(sure) < 0.6, "the service's bound in cdk/services.py"
            ask_catalog(world.stack, slow=True)

        yield again


@contextmanager
def broken_then(world: World) -> Iterator[Gate]:
    """The causes of THEN, all at once, until the end of the block; gives the gate before the catalog's S3."""
    with ExitStack() as mend:
        log = mend.enter_context(world.gate("transactions", "dynamodb"))
        mend.enter_context(Traffic(world.stack, payments(), pause=1.0))
        log.mode = "throttled"
        mend.enter_context(no_model(world))
        mend.enter_context(Traffic(world.stack, tickets(), pause=1.0))
        catalog = mend.enter_context(world.gate("catalog", "s3"))
        catalog.mode = "gone"
        eventually(lambda: world.is_on("log-failures"), "the alarm that the next one is a part of", SECONDS)
        mend.enter_context(held_stream(world))
        yield catalog
