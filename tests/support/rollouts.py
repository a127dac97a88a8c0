"""A service with a champion and a challenger in memory, and the moves of its rollout."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.core.errors import DependencyDown
from lambdas.core.notices import Links
from lambdas.core.variant import BundleRef, Rollout
from lambdas.rollout.judge_plan import Finding, Judgement
from lambdas.rollout.moves import Move, Moves
from lambdas.rollout.record import Asked, Cause, GateSaid, Look, Plan, Preflight, Record, Step
from lambdas.rollout.store import Objects, RolloutStore
from lambdas.rollout.tell import Tell
from lambdas.rollout.undo import undo
from tests.support.bundles import Shelf

SERVICE = "tickets"
GRACE = timedelta(seconds=10)
BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)
PLAN = Plan(
    steps=[Step(0.01), Step(0.5), Step(1.0)], wait_seconds=60, most_wait_seconds=600, least_decisions=10
)
WORSE = Finding(metric="failures", state="worse", sentence="failures 20 %, the champion's 0 %", about="rules")


def manifest_of(version: str) -> bytes:
    return f'{{"version": "{version}"}}'.encode()


def ref(version: str) -> BundleRef:
    return BundleRef(version, hashlib.sha256(manifest_of(version)).hexdigest())


def judgement(verdict: str) -> Judgement:
    findings = [WORSE] if verdict == "worse" else []
    return Judgement(verdict=verdict, reason=f"it is {verdict}", findings=findings)  # type: ignore[arg-type]


@dataclass
class Mailbox:
    """The mails that people got."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    down: bool = False

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        if self.down:
            raise DependencyDown("sns did not answer")
        assert attributes == {"service": SERVICE}
        self.sent.append((subject, message))


@dataclass
class World:
    """`objects` is the bucket. `verdicts` are what the judge says, one a look, and then `wait`."""

    objects: Objects
    shelf: Shelf
    verdicts: list[str] = field(default_factory=list)
    mailbox: Mailbox = field(default_factory=Mailbox)
    at: datetime = BEGIN
    judged: list[tuple[datetime, datetime]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = RolloutStore(self.objects, SERVICE)
        self.tell = Tell(self.mailbox, Links("https://dash", "https://book"), self.lost.append)
        self.moves = self.another()

    def another(self) -> Moves:
        """What another function, or another call of this one, would use."""
        return Moves(self.store, judge=self._judge, tell=self.tell, grace=GRACE, now=lambda: self.at)

    def live(self) -> Rollout:
        return self.store.live().value

    def record(self, rollout_id: str = "r1") -> Record:
        return self.store.record(rollout_id).value

    def undo(self, cause: Cause = "person", rollout_id: str = "r1", **more: Any) -> Record:
        return undo(
            self.store, rollout_id, self.tell, cause=cause, reason="by ana", now=lambda: self.at, **more
        )

    def run(self, move: Move, rollout_id: str = "r1") -> list[str]:
        """What the state machine would do from `move` on; the names of the moves."""
        done = [move.next]
        while move.next not in {"ended", "refused"}:
            if move.next == "undo":
                self.undo("failure", rollout_id)
                return done
            if move.next == "wait":
                self.at += timedelta(seconds=move.seconds)
                move = self.moves.look(rollout_id)
            elif move.next == "share":
                move = self.moves.share(rollout_id)
            else:
                move = self.moves.promote(rollout_id)
            done.append(move.next)
        return done

    def _judge(self, record: Record, since: datetime, until: datetime) -> Look:
        self.judged.append((since, until))
        said = self.verdicts.pop(0) if self.verdicts else "wait"
        counted = {"champion": 90, "challenger": 10}
        return Look(until.isoformat(), record.step, counted, judgement(said))


def world(verdicts: Sequence[str] = (), wrapped: Callable[[Shelf], Objects] = lambda shelf: shelf) -> World:
    """`v1` is the champion, and `v2` has passed its pre-flight."""
    shelf = Shelf()
    for version in ("v1", "v2", "v3"):
        shelf.objects[f"{SERVICE}/bundles/{version}/manifest.json"] = manifest_of(version)
    shelf.put_rollout(Rollout(service=SERVICE, champion=ref("v1")))
    made = World(wrapped(shelf), shelf, list(verdicts))
    made.store.set_preflight(passed("v2"))
    return made


def passed(version: str, champion: str = "v1", **more: Any) -> Preflight:
    said = [GateSaid("bundle", True, "whole")]
    return Preflight(
        SERVICE, version, ref(version).manifest_sha256, champion, BEGIN.isoformat(), "ana",
        more.pop("verdicts", said), **more,
    )  # fmt: skip


def asked(rollout_id: str = "r1", version: str = "v2", attempt: int = 1, plan: Plan | None = PLAN) -> Asked:
    return Asked(service=SERVICE, id=rollout_id, by="ana@desk", version=version, plan=plan, attempt=attempt)
