"""Every night a function compares what came in, and what was decided, with what the models were trained on.

It is on by default, because it costs nothing: a minute of one function, a schedule rule, four small objects a
service, and the reading of a night's observations.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.decision_function import Neighbours, function_of, live_keys, may_read
from cdk.constructs.people import People
from cdk.constructs.schedule import scheduled
from cdk.constructs.service_function import LoggedFunction
from cdk.service import Service, Worker
from lambdas.observations.record import PREFIX

DRIFT = Worker("lambdas.drift.handler.handle", memory_mb=1769, timeout_seconds=900)
"""A whole processor; benchmarks/results/drift.md has the time and the memory of a million decisions."""
WHEN = events.Schedule.cron(minute="40", hour="3")
"""UTC; an hour at which little is decided in most places."""


def drift_job(
    scope: Construct, near: Neighbours, services: Sequence[Service], people: People, *, failed: sqs.IQueue
) -> LoggedFunction:
    """The function and its schedule. It reads observations and bundles, writes `<service>/drift/`, and tells
    `people`; `failed` is told of a run that fails."""
    names = [service.name for service in services]
    outcomes = {each.name: dict(each.label_outcomes) for each in services if each.label_outcomes}
    # Beside an alarm of the same name.
    within = Construct(scope, "DriftJob")
    made = function_of(
        within,
        DRIFT,
        near,
        name="drift",
        service="drift",
        environment={
            "ARTIFACTS_BUCKET": near.artifacts.bucket_name,
            "SERVICES": ",".join(names),
            "LABEL_OUTCOMES": json.dumps(outcomes, sort_keys=True),
            **people.environment(),
        },
    )
    own = [f"{name}/drift/*" for name in names]
    references = [f"{name}/bundles/*/reference.json" for name in names]
    observed = [f"{PREFIX}/{name}/*" for name in names]
    may_read(made, near.artifacts, [*live_keys(names), *references, *observed, *own])
    made.allow(["s3:PutObject"], [near.artifacts.arn_for_objects(key) for key in own])
    people.may_be_told_by(made)
    about = "Triage: is what comes in what was trained on?"
    # What was not looked at tonight is in tomorrow's window, which begins where the last one ended.
    scheduled(made, WHEN, description=about, failed=failed, retries=1)
    return made
