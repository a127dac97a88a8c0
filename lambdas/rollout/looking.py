"""A look: the observations of a step, and what the judge says of them. Imports what only a look needs."""

from __future__ import annotations

from datetime import datetime

from lambdas.observations.read import Objects, Observations
from lambdas.rollout.judge import judge
from lambdas.rollout.record import Look, Record


def look(bucket: Objects, record: Record, since: datetime, until: datetime) -> Look:
    """The judgement on what was decided from `since` to `until`. Raises DependencyDown."""
    window = Observations(bucket, record.service).between(since, until)
    counted = {name: int(window.assigned.is_(name).sum()) for name in ("champion", "challenger")}
    return Look(until.isoformat(timespec="seconds"), record.step, counted, judge(window, record.judged_by()))
