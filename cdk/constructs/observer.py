"""The observer: what the decision log's stream brings becomes observations in the artifacts bucket.

They are what rollouts, drift, reports and the business value read, so that nobody has to scan the log. A
stream's shard feeds two readers at most: this one, and what tells people (the review stack's outflow).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs import event_sources
from cdk.constructs.artifacts_bucket import ARN_IN_FINDINGS
from cdk.constructs.decision_function import Neighbours, function_of
from cdk.constructs.service_function import LoggedFunction
from cdk.service import Service, Worker
from lambdas.observations.record import PREFIX

OBSERVER = Worker("lambdas.observer.handler.handle", memory_mb=512, timeout_seconds=60)
HOURS = 2
"""For so long a failing batch is tried again. The stream would keep it for a day, and for a day nobody would
be told; the decisions themselves stay in the log."""
BATCH = 1_000
"""Records; of large ones Lambda hands over fewer, as many as fit into its 6 MB."""


def observer_function(
    scope: Construct,
    near: Neighbours,
    decisions: dynamodb.ITable,
    *,
    services: Sequence[Service],
    every_seconds: int,
    failed: sqs.IQueue,
) -> LoggedFunction:
    """The function, and its reading of the stream every `every_seconds`.

    What the bucket does not take is tried again for HOURS; what still fails is told to `failed`.
    """
    made = function_of(
        scope,
        OBSERVER,
        near,
        name="observer",
        service="observer",
        environment={
            "ARTIFACTS_BUCKET": near.artifacts.bucket_name,
            "LOW_CONFIDENCE": json.dumps({each.name: each.low_confidence for each in services}),
        },
    )
    key = f"{PREFIX}/*"
    made.allow(["s3:PutObject"], [near.artifacts.arn_for_objects(key)])
    made.acknowledge_wildcard(
        f"{ARN_IN_FINDINGS}/{key}",
        "Observations are named by service, hour and record, so a prefix is as fine as it gets.",
    )
    event_sources.from_table(
        made,
        decisions,
        filters=[{"eventName": ["INSERT", "MODIFY"]}],
        failed=failed,
        retries=1_000,
        hours=HOURS,
        batch=BATCH,
        wait_seconds=every_seconds,
    )
    return made
