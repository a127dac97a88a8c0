"""Once an hour a function adds up what the decisions of each service are worth.

It is on by default, because it costs next to nothing: some seconds of a small function, a schedule rule, one
small object a service; `make cost` counts the objects that it reads. A service of which nothing comes it
looks at every third hour (lambdas/value/accounts.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.decision_function import Neighbours, function_of, live_keys, may_read
from cdk.constructs.schedule import scheduled
from cdk.constructs.service_function import LoggedFunction
from cdk.service import Service, Worker
from lambdas.observations.record import PREFIX

VALUE = Worker("lambdas.value.handler.handle", memory_mb=512, timeout_seconds=300)
WHEN = events.Schedule.cron(minute="10")
"""Ten minutes after the hour: the stream's last records of a day are in the bucket before the day is
closed."""


def value_job(
    scope: Construct, near: Neighbours, services: Sequence[Service], *, failed: sqs.IQueue
) -> LoggedFunction:
    """The function and its schedule. It reads observations and manifests, and writes `<service>/value/`;
    `failed` is told of a run that fails."""
    names = [service.name for service in services]
    made = function_of(
        scope,
        VALUE,
        near,
        name="value",
        service="value",
        environment={"ARTIFACTS_BUCKET": near.artifacts.bucket_name, "SERVICES": ",".join(names)},
    )
    own = [f"{name}/value/*" for name in names]
    may_read(made, near.artifacts, [*live_keys(names), *(f"{PREFIX}/{name}/*" for name in names), *own])
    made.allow(["s3:PutObject"], [near.artifacts.arn_for_objects(key) for key in own])
    # What could not be added up in this hour is by the next.
    scheduled(made, WHEN, description="Triage: what the decisions are worth", failed=failed, retries=1)
    return made
