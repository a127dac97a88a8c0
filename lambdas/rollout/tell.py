"""The mails of a rollout: refused, undone, promoted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from lambdas.core.errors import DependencyDown
from lambdas.core.notices import Links, Notice
from lambdas.rollout.judge_plan import Finding
from lambdas.rollout.record import Asked, Record

ANCHOR: Final = "rollback"
"""The section of docs/runbook.md."""


class Publishes(Protocol):
    """Where people hear of it; `lambdas.core.aws.Topic`."""

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        """Send one message. Raises DependencyDown."""
        ...


class Tell:
    """Sends the mails. One that cannot be sent is told to `on_failure`: it must not stop an undoing."""

    def __init__(self, topic: Publishes, links: Links, on_failure: Callable[[str], None]) -> None:
        self._topic = topic
        self._links = links
        self._on_failure = on_failure

    def refused(self, asked: Asked, why: str) -> None:
        """Say that a rollout did not start."""
        self._send(refusal(asked, why), asked.service)

    def undone(self, record: Record) -> None:
        """Say that a rollout was undone, and why."""
        self._send(undoing(record), record.service)

    def promoted(self, record: Record) -> None:
        """Say that the challenger is the champion."""
        self._send(promotion(record), record.service)

    def _send(self, notice: Notice, service: str) -> None:
        try:
            self._topic.publish(notice.line(), notice.text(self._links), {"service": service})
        except DependencyDown as error:
            self._on_failure(f"nobody was told '{notice.subject}': {error.detail}")


def refusal(asked: Asked, why: str) -> Notice:
    """The mail of a rollout that did not start."""
    return Notice(
        subject=f"Triage: {asked.service}, a rollout was refused",
        what=f"The rollout {asked.id} of {asked.service} that {asked.by} asked for did not start: {why}.",
        do="nothing has to be undone; put right what is said above, and start it again",
        anchor=ANCHOR,
        how_bad="nothing was changed: the champion answers as before",
    )


def undoing(record: Record) -> Notice:
    """The mail of a rollout that was undone."""
    champion, challenger = record.before.champion.version, record.challenger.version
    changed = record.cause == "changed"
    now = "whatever rollout.json says now answers" if changed else f"{champion} answers everybody again"
    advice = {
        "judge": f"look at what is listed below, train again, and roll that out; do not publish {challenger}",
        "traffic": "start it again with fewer decisions a step (LEAST=), or longer waits: RESUME=1 goes on",
        "person": f"nothing; make rollout SERVICE={record.service} RESUME=1 goes on from the same step",
        "failure": f"make logs tells more; then make rollout SERVICE={record.service} RESUME=1 goes on",
        "changed": f"find out who published {record.service}, then start a new rollout",
    }
    return Notice(
        subject=f"Triage: {record.service}, the rollout of {challenger} was {_undone(record)}",
        what=f"The rollout {record.id} of {challenger} was {_undone(record)} at {place(record)}: "
        f"{record.reason.rstrip('.')}.",
        do=advice.get(record.cause or "person", "see the runbook"),
        anchor=ANCHOR,
        since=f"{record.started_at}, by {record.by}; ended {record.ended_at}",
        how_bad=f"{_seen(record)}; {now}",
        details=tuple(_sentences(record)),
    )


def promotion(record: Record) -> Notice:
    """The mail of a rollout that went through."""
    champion, challenger = record.before.champion.version, record.challenger.version
    return Notice(
        subject=f"Triage: {record.service}, {challenger} is the champion",
        what=f"The rollout {record.id} passed all of its {len(record.plan.steps)} steps, and {challenger} "
        f"answers everybody. Before it was {champion}.",
        do=f"nothing; make rollback SERVICE={record.service} brings {champion} back",
        anchor=ANCHOR,
        since=f"started {record.started_at}, by {record.by}; ended {record.ended_at}",
        details=tuple(_sentences(record)),
    )


def place(record: Record) -> str:
    """Where in its plan a rollout is."""
    return f"step {record.step + 1} of {len(record.plan.steps)} ({record.plan.steps[record.step]})"


def _undone(record: Record) -> str:
    return {"traffic": "stopped", "changed": "ended"}.get(record.cause or "", "rolled back")


def _seen(record: Record) -> str:
    """How many decisions the challenger had in the step in which it ended."""
    looks = [look for look in record.looks if look.step == record.step]
    seen = looks[-1].decisions.get("challenger", 0) if looks else 0
    return f"{seen:,} decisions of this step fell to {record.challenger.version}"


def _sentences(record: Record) -> list[str]:
    """What the last look found: what is worse first."""
    if not record.looks:
        return []
    found = record.looks[-1].judgement.findings
    return [each.sentence for each in sorted(found, key=_worse_first)]


def _worse_first(finding: Finding) -> bool:
    return finding.state != "worse"
