"""The drills on the stream: what cannot be decided stands among what can."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.core.service import decision_id
from local import streaming
from local.drills.faults import SOME, keep_until_mail
from local.drills.patience import until
from local.drills.report import Report
from local.drills.traffic import payments
from local.drills.world import World
from local.events import Event

SECONDS = 90.0
AHEAD, BEHIND = timedelta(hours=1), timedelta(hours=-1)


def poison(world: World, report: Report) -> float:
    """One record in four can never be decided: no JSON, or a currency that is none."""
    good, bad = [_event() for _ in range(3 * SOME)], []
    for k in range(SOME):
        event = _event(currency="XXX")
        bad.append(event._replace(body=f"{{ not json {event.own}") if k % 2 else event)
    return _among(world, report, good, bad, "bad records")


def clock_jump(world: World, report: Report) -> float:
    """The clocks of two producers jump: of one an hour ahead, of the other an hour behind."""
    now = datetime.now(UTC)
    right = [_event(), *(_event(at=_iso(now + BEHIND)) for _ in range(SOME))]
    ahead = [_event(at=_iso(now + AHEAD)) for _ in range(SOME)]
    report.notes.append("an hour behind is late and decided; an hour ahead cannot be, and waits for people")
    return _among(world, report, right, ahead, "records from the future")


def _among(world: World, report: Report, good: list[Event], bad: list[Event], what: str) -> float:
    """Send both, in turns; every good one must be decided, every bad one wait in the dead-letter queue."""
    stack, began = world.stack, time.time()
    dead = stack.output("TransactionsDeadLettersUrl")
    before = streaming.waiting(stack.endpoint, dead)
    mixed = [event for pair in zip(good, bad, strict=False) for event in pair] + good[len(bad) :]
    streaming.to_queue(stack.endpoint, stack.output("TransactionsQueueUrl"), mixed, lambda _: None)
    report.seen.asked = len(good)
    ids = {decision_id("transactions", event.own) for event in good}
    until(lambda: not world.not_in_the_log(ids), SECONDS)
    report.seen.lost = sorted(world.not_in_the_log(ids))
    report.seen.answers["decided on the stream"] = len(good) - len(report.seen.lost)

    def letters() -> int:
        return streaming.waiting(stack.endpoint, dead) - before

    until(lambda: letters() >= len(bad), SECONDS)
    report.notes.append(
        f"{letters()} of {len(bad)} {what} wait in the dead-letter queue, each with its reason"
    )
    if letters() != len(bad):
        report.wrong.append(f"{len(bad) - letters()} records are neither decided nor dead letters")
    keep_until_mail(world, report, began)
    sqs = stack.client("sqs")
    sqs.purge_queue(QueueUrl=streaming.queue_url(sqs, dead))
    return began


def _event(**fields: Any) -> Event:
    own = uuid.uuid4().hex
    body = payments().body(own) | fields
    return Event(json.dumps(body), body["card_id"], own)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
