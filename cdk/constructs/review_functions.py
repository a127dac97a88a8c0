"""The functions of the review queue and of its page: what each may do, and no more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.decision_function import Neighbours, function_of, live_keys, may_read
from cdk.constructs.service_function import LoggedFunction
from cdk.constructs.uploads_bucket import IN_FINDINGS
from cdk.service import Service
from cdk.services import OUTFLOW
from cdk.settings import Settings
from lambdas.review.media import KEPT
from lambdas.review.tables import INDEX


@dataclass(frozen=True)
class Queue:
    """The queue's tables, and the client that its reviewers sign in to."""

    reviews: dynamodb.ITable
    audit: dynamodb.ITable
    client: cognito.IUserPoolClient

    def environment(self) -> dict[str, str]:
        """What every function of the queue is told."""
        return {"REVIEWS_TABLE": self.reviews.table_name, "AUDIT_TABLE": self.audit.table_name}

    def let_write(self, made: LoggedFunction) -> None:
        """Let `made` add to the audit log, and only together with what the entry is about."""
        made.allow(
            ["dynamodb:PutItem"],
            [self.audit.table_arn],
            {"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}},
        )
        made.allow(["dynamodb:PutItem"], [self.reviews.table_arn])


def outflow_function(
    scope: Construct, near: Neighbours, queue: Queue, *, topic: sns.ITopic, untold: sqs.IQueue
) -> LoggedFunction:
    """The function that takes decisions into the queue and publishes alerts to `topic`, or to `untold`."""
    made = function_of(
        scope,
        OUTFLOW,
        near,
        name="outflow",
        service="outflow",
        environment={
            **queue.environment(),
            "ALERT_TOPIC_ARN": topic.topic_arn,
            "UNTOLD_QUEUE_URL": untold.queue_url,
        },
    )
    queue.let_write(made)
    made.allow(["sns:Publish"], [topic.topic_arn])
    made.allow(["sqs:SendMessage"], [untold.queue_arn])
    return made


def review_function(
    scope: Construct,
    service: Service,
    near: Neighbours,
    queue: Queue,
    *,
    services: Sequence[Service],
    labels: sqs.IQueue,
    settings: Settings,
) -> LoggedFunction:
    """The function behind the routes of the queue, of appeals and of signing in."""
    names = [each.name for each in services]
    outcomes = {each.name: dict(each.label_outcomes) for each in services if each.label_outcomes}
    media = any(each.media for each in services)
    made = function_of(
        scope,
        service,
        near,
        name=service.name,
        service=service.name,
        environment={
            **queue.environment(),
            "ARTIFACTS_BUCKET": near.artifacts.bucket_name,
            "DECISIONS_TABLE": near.decisions.table_name,
            "LABEL_QUEUE_URL": labels.queue_url,
            "REVIEWER_CLIENT_ID": queue.client.user_pool_client_id,
            "SERVICES": ",".join(names),
            "LABEL_OUTCOMES": json.dumps(outcomes, sort_keys=True),
            "CLAIM_MINUTES": f"{settings.claim_minutes:g}",
            "SECOND_OPINION_SHARE": f"{settings.second_opinion_share:g}",
            **({"UPLOADS_BUCKET": near.uploads.bucket_name} if media else {}),
        },
    )
    queue.let_write(made)
    made.allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], [queue.reviews.table_arn])
    made.allow(["dynamodb:Query"], [f"{queue.reviews.table_arn}/index/{INDEX}", queue.audit.table_arn])
    made.allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], [near.decisions.table_arn])
    made.allow(["sqs:SendMessage"], [labels.queue_arn])
    may_read(made, near.artifacts, live_keys(names))
    if media:
        # A link to a file gives what the function that signed it may get.
        made.allow(["s3:GetObject"], [near.uploads.arn_for_objects(f"{KEPT}/*")])
        made.acknowledge_wildcard(
            f"{IN_FINDINGS}/{KEPT}/*", "Media is named by its decision, so a prefix is as fine as it gets."
        )
    return made


def console_function(scope: Construct, service: Service, near: Neighbours) -> LoggedFunction:
    """The function that serves the page; it reads nothing but its own files."""
    media = {"UPLOADS_BUCKET": near.uploads.bucket_name}
    return function_of(scope, service, near, name=service.name, service=service.name, environment=media)
