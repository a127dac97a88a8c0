"""What of a service's last drift report Prometheus gets. It is read tolerantly: what it lacks is left out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

LATEST: Final = "drift/latest.json"
"""Where the report is, below the service's name."""
MOST_FEATURES: Final = 200
_UNKNOWN: Final = ("learning", "too few")
"""Verdicts on what could not be compared yet."""


class _Finding(msgspec.Struct):
    name: str
    verdict: str = ""
    effect: float = 0.0
    limit: float = 0.0


class _Estimate(msgspec.Struct):
    value: float


class _Report(msgspec.Struct):
    """The part of lambdas/drift/report.py: Report that is told."""

    version: str = ""
    until: str = ""
    alarm: bool | None = None
    findings: list[_Finding] = []
    estimated: _Estimate | None = None


@dataclass(frozen=True)
class Drift:
    """`scores` by feature, as multiples of what counts; whether an `alarm` is on; `at`, until when decisions
    were looked at, in seconds since the epoch; `estimated` scores without labels by (version, metric).
    `wrong` says why a report cannot be read."""

    scores: dict[str, float] = field(default_factory=dict)
    alarm: bool | None = None
    at: float | None = None
    estimated: dict[tuple[str, str], float] = field(default_factory=dict)
    wrong: str = ""


def drift_of(body: bytes) -> Drift:
    """The report in `body`, as far as it is one."""
    try:
        report = msgspec.json.decode(body, type=_Report)
        until = datetime.fromisoformat(report.until) if report.until else None
    except ValueError as error:
        return Drift(wrong=str(error))
    scores = {
        found.name: found.effect / found.limit
        for found in report.findings
        if found.limit > 0.0 and math.isfinite(found.effect) and found.verdict not in _UNKNOWN
    }
    return Drift(
        scores=dict(sorted(scores.items(), key=lambda pair: -pair[1])[:MOST_FEATURES]),
        alarm=report.alarm,
        at=None if until is None else (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp(),
        estimated={(report.version, "accuracy"): report.estimated.value}
        if report.estimated and report.version
        else {},
    )
