"""What the scheduled jobs ask of S3 besides the observations that they read: listings, books, reports."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from cdk.cost.calls import Month
from cdk.cost.traffic import HOURS, SECONDS
from cdk.service import Service
from lambdas.value.accounts import QUIET, QUIET_HOURS

DAYS: Final = HOURS / 24
VALUE_READS: Final = 5
"""What a look of the value job reads of a service: two months, the rollout, a manifest, the figures."""
DRIFT_READS, DRIFT_WRITES = 6, 5
"""Of a service the drift job reads the rollout, a manifest, the reference, its state three times; it lists a
folder, and writes the report twice, its page and the state."""
FAIRNESS_READS, FAIRNESS_WRITES = 2, 1


class Requests(NamedTuple):
    """To S3 a month. A listing is among the writes: it has their price."""

    writes: float = 0.0
    reads: float = 0.0


def value_requests(month: Month) -> Requests:
    """Of the value job. Each run reads the newest figures. A look lists a folder, and writes them when
    something came; a day's end writes them, and the month."""
    job = month.app.function("value")
    if job is None:
        return Requests()
    runs, writes, reads = job.trigger.runs, 0.0, 0.0
    for service in month.services:
        looks = runs * looked_at(month, service)
        writes += looks + min(month.observed_objects(service), looks) + 2 * DAYS
        reads += runs + VALUE_READS * looks
    return Requests(writes, reads)


def looked_at(month: Month, service: Service) -> float:
    """In which share of its runs the value job looks at `service`: in all within QUIET of a decision, and in
    each QUIET_HOURS-th of the others."""
    total = month.traffic.total
    came = month.records * month.traffic.decisions[service.name] / total if total else 0.0
    awake = -math.expm1(-came / SECONDS * QUIET.total_seconds())
    return awake + (1.0 - awake) / QUIET_HOURS


def report_requests(month: Month) -> Requests:
    """Of the nightly drift reports, a service each, and of the fairness monitor."""
    drift, fairness = (month.app.function(name) for name in ("drift", "fairness"))
    nights = drift.trigger.runs * len(month.services) if drift else 0.0
    days = fairness.trigger.runs if fairness else 0.0
    return Requests(
        DRIFT_WRITES * nights + FAIRNESS_WRITES * days, DRIFT_READS * nights + FAIRNESS_READS * days
    )
