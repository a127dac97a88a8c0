"""What is known of a rollout: its plan, where it stands, every look, and what an undoing puts back."""

from __future__ import annotations

import math
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from lambdas.core.errors import BundleError
from lambdas.core.variant import BundleRef, Rollout
from lambdas.rollout.judge_plan import Costs, Judgement, JudgePlan, Margins

T = TypeVar("T")

MOST_LOOKS: Final = 2_500
"""Of one run of the state machine. AWS ends one at 25,000 events, with nobody there to catch it and the
challenger live; a look is 9 events, and one that is tried again a few more."""

FOLDER: Final = "rollouts"
PREFLIGHT: Final = "preflight"

Status = Literal["running", "undoing", "promoted", "rolled-back", "stopped"]
"""`undoing` lasts for the moment in which rollout.json is put back; `stopped` is one that could not tell."""

Cause = Literal["judge", "traffic", "person", "failure", "changed"]
"""Why a rollout ended without a promotion: the challenger was worse, too few decisions came, somebody said
so, a part failed, or somebody else changed rollout.json."""

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Seconds = Annotated[int, msgspec.Meta(ge=1)]


class Step(msgspec.Struct, frozen=True):
    """The challenger's share of the entities, 0 to 1; in `shadow` it answers nobody."""

    share: Share
    shadow: bool = False

    def __str__(self) -> str:
        return "shadow" if self.shadow else f"{self.share * 100:.4g} %"


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The steps in their order; after the last one the challenger becomes the champion.

    A look comes every `wait_seconds`; a step without a verdict after `most_wait_seconds` ends the rollout.
    `compare` is the share of the decisions for which the other variant is run as well. The rest is what each
    step is judged by: see judge_plan.JudgePlan.
    """

    steps: Annotated[list[Step], msgspec.Meta(min_length=1)]
    wait_seconds: Seconds = 600
    most_wait_seconds: Seconds = 86_400
    compare: Share = 0.1
    alpha: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.05
    least_decisions: Annotated[int, msgspec.Meta(ge=1)] = 500
    least_entities: Annotated[int, msgspec.Meta(ge=1)] = 100
    least_labelled: Annotated[int, msgspec.Meta(ge=0)] = 0
    margins: Margins = Margins()
    costs: Costs = Costs()
    outcomes: list[str] = []

    @property
    def looks(self) -> int:
        """How many looks it takes when every step takes as long as it may."""
        return len(self.steps) * math.ceil(self.most_wait_seconds / self.wait_seconds)

    def flaw(self) -> str | None:
        """Why it cannot be run, and what would do, in a sentence; None when it can."""
        wait, most = self.wait_seconds, self.most_wait_seconds
        if most < wait:
            return (
                f"a step may take {most:,} s (--most-wait), less than the {wait:,} s between two looks "
                f"(WAIT): nothing would be looked at in time"
            )
        if self.looks <= MOST_LOOKS:
            return None
        each = MOST_LOOKS // len(self.steps)
        if not each:
            return f"{len(self.steps):,} steps are more than the {MOST_LOOKS:,} looks that one run can have"
        return (
            f"{len(self.steps)} steps of up to {most:,} s, with a look every {wait:,} s, may take "
            f"{self.looks:,} looks, and one run can have {MOST_LOOKS:,}: WAIT={math.ceil(most / each)} "
            f"would do, or --most-wait {each * wait}"
        )


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The input of the state machine: which bundle to roll out, how, and who wants it.

    With an `attempt` above 1 the rollout `id` goes on from its step, by the plan that it has.
    """

    service: str
    id: str
    by: str
    version: str = ""
    plan: Plan | None = None
    attempt: int = 1


class GateSaid(msgspec.Struct, frozen=True):
    """What one gate said; `passed` is None where it could not tell."""

    gate: str
    passed: bool | None
    said: str


class Preflight(msgspec.Struct, frozen=True):
    """`<service>/preflight/<version>.json`: what the gates said of a bundle beside `champion`.

    `forced` is that somebody wants it whatever they say. `costs` are what its decisions cost.
    """

    service: str
    version: str
    manifest_sha256: str
    champion: str
    at: str
    by: str
    verdicts: list[GateSaid]
    forced: bool = False
    costs: Costs = Costs()

    @property
    def failed(self) -> list[GateSaid]:
        """The gates that forbid it."""
        return [each for each in self.verdicts if each.passed is False]


class Look(msgspec.Struct, frozen=True):
    """One judgement of a step. `decisions` are those of the step so far, by the variant that they fell to."""

    at: str
    step: int
    decisions: dict[str, int]
    judgement: Judgement


class Record(msgspec.Struct, frozen=True):
    """`<service>/rollouts/<id>.json`.

    `before` is rollout.json as it stood. `step` is the place in the plan's steps, `since` when its share was
    set (None: not yet). `reason` is why it ended, in a sentence.
    """

    id: str
    service: str
    by: str
    started_at: str
    before: Rollout
    challenger: BundleRef
    plan: Plan
    status: Status = "running"
    step: int = 0
    since: str | None = None
    cause: Cause | None = None
    reason: str = ""
    ended_at: str | None = None
    attempt: int = 1
    looks: list[Look] = []
    format: int = 1

    @property
    def over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.status not in {"running", "undoing"}

    def at_step(self) -> Rollout:
        """rollout.json while the present step lasts."""
        step = self.plan.steps[self.step]
        return msgspec.structs.replace(
            self.before,
            challenger=self.challenger,
            share=0.0 if step.shadow else step.share,
            shadow=step.shadow,
            compare=1.0 if step.shadow else self.plan.compare,
            salt=self.id,
        )

    def judged_by(self) -> JudgePlan:
        """What the present step is judged by."""
        step, plan = self.plan.steps[self.step], self.plan
        return JudgePlan(
            service=self.service,
            champion=self.before.champion.version,
            challenger=self.challenger.version,
            share=step.share,
            shadow=step.shadow,
            steps=len(plan.steps),
            alpha=plan.alpha,
            least_decisions=plan.least_decisions,
            least_entities=plan.least_entities,
            least_labelled=plan.least_labelled,
            margins=plan.margins,
            costs=plan.costs,
            outcomes=plan.outcomes,
        )

    def promoted(self) -> Rollout:
        """rollout.json with the challenger as the champion, and nobody beside it."""
        return Rollout(service=self.service, champion=self.challenger)

    def undone(self) -> Rollout:
        """rollout.json as it was before, in other bytes than any that stood there since the start.

        So a move that had read it before the undoing cannot write over it: equal bytes would have the same
        ETag. The salt means nothing while there is no share. A challenger that was judged worse does not wait
        again: the next rollout would take it up, and nothing is learned while one waits.
        """
        return msgspec.structs.replace(self._restored(), salt=f"{self.id}-{self.attempt}-undone")

    def is_own(self, live: Rollout) -> bool:
        """Whether `live` is what this rollout found, wrote at whichever step, or put back."""
        unsalted = msgspec.structs.replace(live, salt="")
        if unsalted in [msgspec.structs.replace(each, salt="") for each in (self.before, self._restored())]:
            return True
        same = live.champion == self.before.champion and live.challenger == self.challenger
        return (same and live.salt == self.id) or live == self.promoted()

    def is_waiting_beside(self, live: Rollout) -> bool:
        """Whether in `live` another challenger waits with share 0 beside the same champion, as a retraining
        or the learner leaves it while nobody has a share."""
        waits = live.challenger is not None and live.share == 0.0 and not live.shadow
        return waits and live.champion == self.before.champion and live.salt != self.id

    def _restored(self) -> Rollout:
        """`before`, without the challenger if it is the one that was judged worse."""
        if self.cause == "judge" and self.before.challenger == self.challenger:
            return msgspec.structs.replace(self.before, challenger=None, compare=0.0)
        return self.before


class Lock(msgspec.Struct, frozen=True):
    """`<service>/rollouts/active.json`: which rollout runs; `released_at` says that none does."""

    id: str
    by: str
    since: str
    released_at: str | None = None


def record_key(service: str, rollout_id: str) -> str:
    """Where the record of a rollout is."""
    return f"{service}/{FOLDER}/{rollout_id}.json"


def lock_key(service: str) -> str:
    """Where the lock of a service is."""
    return f"{service}/{FOLDER}/active.json"


def preflight_key(service: str, version: str) -> str:
    """Where the gates' verdicts on a bundle are."""
    return f"{service}/{PREFLIGHT}/{version}.json"


def decoded(body: bytes, kind: type[T], key: str) -> T:
    """`body` as a `kind`; BundleError says which object cannot be read."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{key} cannot be read: {error}") from error
