"""What a rollout is judged by, and the judgement: plain values that are kept as JSON."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
Cost = Annotated[float, msgspec.Meta(ge=0.0)]
Verdict = Literal["worse", "fine", "wait"]
State = Literal["worse", "within", "open", "unknown"]

ANY_OTHER: Final = "*"
PAIR: Final = " -> "


class Margins(msgspec.Struct, frozen=True):
    """By how much the challenger may be worse before anybody is told: a harmless difference is no alarm.

    `failures`: the share of its decisions that somebody else had to answer. `review`: the share that goes to
    people. `latency`: 0.15 is 15 % slower (of the geometric mean). `confidence`: the average's drop.
    `mix`: by how much an outcome's share may move, up or down. `cost`: of a decision, as a part of what a
    wrong one costs. `disagreement`: how often both variants, asked the same, may say different things.
    """

    failures: Positive = 0.005
    review: Positive = 0.03
    latency: Positive = 0.15
    confidence: Positive = 0.03
    mix: Positive = 0.05
    cost: Positive = 0.01
    disagreement: Positive = 0.2


class Costs(msgspec.Struct, frozen=True):
    """What decisions cost, all in one unit: `review` a person's look, `wrong` an act on a wrong outcome.

    `missed` overrides `wrong` by the label, `pairs` overrides both by "label -> outcome"; a right act costs
    nothing. `outcomes` says which outcome a label stands for, `*` being every label that is not named (the
    same as LABEL_OUTCOMES of the review function); a label of which nothing is said is an outcome itself.
    """

    review: Cost = 0.2
    wrong: Positive = 1.0
    missed: dict[str, Cost] = {}
    pairs: dict[str, Cost] = {}
    outcomes: dict[str, str] = {}

    def of(self, label: str, outcome: str) -> float:
        """What acting on `outcome` costs when it was `label`."""
        right = self.outcomes.get(label) or self.outcomes.get(ANY_OTHER) or label
        if outcome == right:
            return 0.0
        return self.pairs.get(f"{label}{PAIR}{outcome}", self.missed.get(label, self.wrong))


class JudgePlan(msgspec.Struct, frozen=True, kw_only=True):
    """How one step of a rollout is judged.

    `share` is the challenger's part of the entities in this step; `steps` over how many steps the chance of a
    false alarm, `alpha`, is split (a shadow step counts). The step is fine once the challenger has
    `least_decisions` from `least_entities`, `least_labelled` of them with a label, and nothing is worse.
    `outcomes` are those that the mix is watched of; empty means those that are seen.
    """

    service: str
    champion: str
    challenger: str
    share: Share
    steps: Annotated[int, msgspec.Meta(ge=1)] = 4
    shadow: bool = False
    alpha: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.05
    least_decisions: Annotated[int, msgspec.Meta(ge=1)] = 500
    least_entities: Annotated[int, msgspec.Meta(ge=1)] = 100
    least_labelled: Annotated[int, msgspec.Meta(ge=0)] = 0
    margins: Margins = Margins()
    costs: Costs = Costs()
    outcomes: list[str] = []


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One metric: `sentence` says it for an email.

    `state` is `worse` (the whole interval of the harm lies above the margin), `within` (the whole interval
    lies below it), `open` (neither yet) or `unknown` (too little to say; the figures may be None).
    `n_*` are the decisions behind each side and `champion`, `challenger` the values. `effect` is challenger
    less champion (for latency their ratio less 1), `low` to `high` its always-valid interval; `harm_low` the
    lower bound that is held against `margin`. `paired`: both variants were asked the same items. `evidence`
    is an e-value, where the test is one: it is worse from `needed` on.
    """

    metric: str
    state: State
    sentence: str
    about: str = ""
    n_champion: int = 0
    n_challenger: int = 0
    champion: float | None = None
    challenger: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    harm_low: float | None = None
    margin: float | None = None
    paired: bool = False
    evidence: float | None = None
    needed: float | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict with its reason in a sentence. `decisions`, `entities`, `labelled` are the challenger's."""

    verdict: Verdict
    reason: str
    findings: list[Finding]
    decisions: int = 0
    entities: int = 0
    labelled: int = 0

    def worse(self) -> list[Finding]:
        """What it was stopped for."""
        return [finding for finding in self.findings if finding.state == "worse"]
