"""What the drift job says of a service; `<service>/drift/latest.json` is one of these."""

from __future__ import annotations

from typing import Literal

import msgspec

from lambdas.drift.compare import Measure
from lambdas.drift.estimate import Estimate
from lambdas.drift.labels import LabelWatch
from lambdas.drift.limits import Limits
from lambdas.drift.subjects import Kind
from lambdas.drift.watched import Watched

Verdict = Literal["fine", "off", "alarm", "learning", "too few"]


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is watched, in this window.

    `effect` is the population stability index (psi) or Cohen's h of `rows` decisions that are worth
    `effective` independent ones, against `against`; from `limit` on, and with a p value that counts, it is
    off. `before` and `now` are shares of `bins`. With `recent` this is what the newest windows say together.
    `moved` is in standard deviations. `in_a_row` windows it has been off.
    """

    name: str
    kind: Kind
    verdict: Verdict
    against: Literal["training", "own past"]
    measure: Measure
    effect: float
    limit: float
    test: str
    statistic: float
    p: float
    rows: int
    effective: float
    bins: list[str]
    before: list[float]
    now: list[float]
    jensen_shannon: float
    total_variation: float
    moved: float | None = None
    in_a_row: int = 0
    recent: bool = False
    unlike_training: bool = False

    @property
    def score(self) -> float:
        """The effect as a multiple of its limit."""
        return self.effect / self.limit


class Labels(msgspec.Struct, frozen=True):
    """The labels that came in this window, of decisions by this bundle: how many of those were wrong, and how
    many were expected to be (None while that is being learned). `evidence` against "as before" alarms at
    `evidence_from`."""

    n: int
    wrong: int
    expected: float | None
    evidence: float
    evidence_from: float
    alarm: bool


class Past(msgspec.Struct, frozen=True):
    """A window in short: `worst` is the highest score, `off` and `alarms` how many things were so."""

    until: str
    decisions: int
    worst: float
    off: int
    alarms: int
    estimated: Estimate | None = None
    labels: Labels | None = None


class State(msgspec.Struct, frozen=True):
    """What is remembered between windows, `<service>/drift/state.json`: of one bundle. The windows follow
    each other without a gap or an overlap, the last ended at `until`."""

    version: str
    began: str
    until: str
    windows: int = 0
    watched: dict[str, Watched] = {}
    labels: LabelWatch = LabelWatch()
    alarm: bool = False
    alarm_since: str = ""
    history: list[Past] = []
    format: int = 1


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A window of decisions by one bundle against what was expected of them.

    `left_out` counts decisions of the window by why they are not looked at, `skipped` says the same of
    features. `unlike` turned out in this window to have been unlike the training data since the bundle
    answers. `promised` is the test split's accuracy, `estimated` what the confidences say of those decisions
    that say what the item is. `counts` is False for a look in between, which moves no state.
    """

    service: str
    version: str
    since: str
    until: str
    decisions: int
    entities: int
    findings: list[Finding]
    skipped: dict[str, str]
    promised: float | None
    estimated: Estimate | None
    history: list[Past]
    limits: Limits
    alarm: bool = False
    alarm_since: str = ""
    started: bool = False
    ended: bool = False
    unlike: list[str] = []
    labels: Labels | None = None
    left_out: dict[str, int] = {}
    enough: bool = True
    counts: bool = True
    format: int = 1

    def off(self) -> list[Finding]:
        """What is off or alarms, the worst first."""
        return sorted((f for f in self.findings if f.verdict in {"off", "alarm"}), key=lambda f: -f.score)
