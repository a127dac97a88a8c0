"""The functions of the services, the labels and the catalog: what each may read and write, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Aws, Fn
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.artifacts_bucket import ARN_IN_FINDINGS
from cdk.constructs.feature_store import FeatureStore
from cdk.constructs.function_code import Packaging
from cdk.constructs.service_function import LoggedFunction
from cdk.constructs.uploads_bucket import IN_FINDINGS as UPLOADS_IN_FINDINGS
from cdk.service import Service, Worker
from lambdas.core.emf import NAMESPACE


@dataclass(frozen=True)
class Neighbours:
    """What the functions of one stack have around them."""

    packaging: Packaging
    artifacts: s3.IBucket
    decisions: dynamodb.ITable
    store: FeatureStore
    uploads: s3.IBucket


def function_of(
    scope: Construct,
    worker: Service | Worker,
    near: Neighbours,
    *,
    name: str,
    service: str,
    environment: Mapping[str, str],
) -> LoggedFunction:
    """The function `triage-<name>`, which logs as `service`. It may do nothing yet.

    One behind the API is traced. A worker is not: the traces that are free are for what callers wait for.
    """
    return LoggedFunction(
        scope,
        "".join(word.capitalize() for word in name.split("-")),
        name=name,
        packaged=near.packaging.of(worker.handler),
        environment={
            **environment,
            "POWERTOOLS_SERVICE_NAME": service,
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        },
        memory_mb=worker.memory_mb,
        storage_mb=worker.storage_mb,
        timeout_seconds=worker.timeout_seconds,
        tracing=isinstance(worker, Service),
    )


def deciding_function(
    scope: Construct,
    service: Service,
    near: Neighbours,
    *,
    worker: Worker | None = None,
    part: str | None = None,
    environment: Mapping[str, str] | None = None,
    waiting: sqs.IQueue | None = None,
    later: sqs.IQueue | None = None,
) -> LoggedFunction:
    """A function that decides for `service`: its routes, or `worker`, called `<service>-<part>`.

    Its environment is that of docs/contracts.md, and what `environment` adds. Updates of the feature store
    that must wait go to `waiting`, what callers should not wait for to `later`.
    """
    store = near.store if service.feature_store else None
    made = function_of(
        scope,
        worker or service,
        near,
        name=f"{service.name}-{part}" if part else service.name,
        service=service.name,
        environment={
            **_deciding(near),
            **(store.environment() if store else {}),
            **({"CATCH_UP_QUEUE_URL": waiting.queue_url} if waiting else {}),
            **_media(service, near, later),
            **(environment or {}),
        },
    )
    may_read(made, near.artifacts, [f"{service.name}/*"])
    # Conditional puts, alone and in a transaction: the log's writer never reads.
    made.allow(["dynamodb:PutItem"], [near.decisions.table_arn])
    if store:
        store.open_to(made)
    for queue in (waiting, later):
        if queue:
            made.allow(["sqs:SendMessage"], [queue.queue_arn])
    if service.media:
        # Uploads are written by the callers, with forms that this function signs.
        _may_use_media(made, near.uploads, read=["uploads", "kept"], write=["uploads", "kept"])
    return made


def later_function(
    scope: Construct, service: Service, worker: Worker, near: Neighbours, *, queue: sqs.IQueue
) -> LoggedFunction:
    """The function that finishes what callers of `service` do not wait for: it reads and amends decisions."""
    made = function_of(
        scope,
        worker,
        near,
        name=f"{service.name}-later",
        service=service.name,
        environment={**_deciding(near), **_media(service, near, queue)},
    )
    may_read(made, near.artifacts, [f"{service.name}/*"])
    made.allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], [near.decisions.table_arn])
    _may_use_media(made, near.uploads, read=["kept"], write=[])
    return made


def _deciding(near: Neighbours) -> dict[str, str]:
    return {
        "ARTIFACTS_BUCKET": near.artifacts.bucket_name,
        "DECISIONS_TABLE": near.decisions.table_name,
        "ROLLOUT_REFRESH_SECONDS": "10",
        "DECISION_TTL_DAYS": "30",
        "REVIEW_SAMPLE": "0.01",
        # The stack's own random id: outside of the account nobody knows it, and it stays with the stack.
        "SAMPLE_KEY": Fn.select(2, Fn.split("/", Aws.STACK_ID)),
    }


def _media(service: Service, near: Neighbours, later: sqs.IQueue | None) -> dict[str, str]:
    uploads = {"UPLOADS_BUCKET": near.uploads.bucket_name} if service.media else {}
    return uploads | ({"LATER_QUEUE_URL": later.queue_url} if later else {})


def learner_function(
    scope: Construct, service: Service, worker: Worker, near: Neighbours, *, waiting: sqs.IQueue | None
) -> LoggedFunction:
    """The function that learns from the labels of `service`: it reads decisions and publishes bundles."""
    made = function_of(
        scope,
        worker,
        near,
        name=f"{service.name}-learner",
        service=service.name,
        environment={
            "ARTIFACTS_BUCKET": near.artifacts.bucket_name,
            "DECISIONS_TABLE": near.decisions.table_name,
            **(near.store.environment() if service.feature_store else {}),
            **({"CATCH_UP_QUEUE_URL": waiting.queue_url} if waiting else {}),
        },
    )
    may_read(made, near.artifacts, [f"{service.name}/*"])
    made.allow(["s3:PutObject"], [near.artifacts.arn_for_objects(f"{service.name}/*")])
    # A label that came by the queue alone is put on its decision too.
    made.allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], [near.decisions.table_arn])
    if service.feature_store:
        near.store.open_to(made)
    return made


def catalog_function(
    scope: Construct, service: Service, near: Neighbours, *, services: Sequence[str]
) -> LoggedFunction:
    """The function that says what is live; it reads rollouts and manifests, never a model."""
    made = function_of(
        scope,
        service,
        near,
        name=service.name,
        service=service.name,
        environment={"ARTIFACTS_BUCKET": near.artifacts.bucket_name, "SERVICES": ",".join(services)},
    )
    may_read(made, near.artifacts, live_keys(services))
    return made


def labels_function(
    scope: Construct, service: Service, near: Neighbours, *, services: Sequence[str], queue: sqs.IQueue
) -> LoggedFunction:
    """The function that puts labels on decisions of `services` and tells the learner by `queue`."""
    made = function_of(
        scope,
        service,
        near,
        name=service.name,
        service=service.name,
        environment={
            "ARTIFACTS_BUCKET": near.artifacts.bucket_name,
            "DECISIONS_TABLE": near.decisions.table_name,
            "LABEL_QUEUE_URL": queue.queue_url,
        },
    )
    may_read(made, near.artifacts, live_keys(services))
    made.allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], [near.decisions.table_arn])
    made.allow(["sqs:SendMessage"], [queue.queue_arn])
    return made


def live_keys(services: Sequence[str]) -> list[str]:
    """The keys that say what is live for `services`."""
    return [key for name in services for key in (f"{name}/rollout.json", f"{name}/bundles/*/manifest.json")]


def may_read(made: LoggedFunction, bucket: s3.IBucket, keys: list[str]) -> None:
    """Let `made` read the objects of `keys` in the artifacts bucket."""
    _may_get(made, bucket, keys)
    for key in keys:
        if "*" in key:
            made.acknowledge_wildcard(
                f"{ARN_IN_FINDINGS}/{key}",
                "Bundles are named by version when they are published, so a prefix is as fine as it gets.",
            )


def _may_use_media(made: LoggedFunction, uploads: s3.IBucket, *, read: list[str], write: list[str]) -> None:
    """Let `made` read and write the objects below these prefixes of the uploads bucket."""
    _may_get(made, uploads, [f"{prefix}/*" for prefix in read])
    if write:
        made.allow(["s3:PutObject"], [uploads.arn_for_objects(f"{prefix}/*") for prefix in write])
    for prefix in dict.fromkeys([*read, *write]):
        made.acknowledge_wildcard(
            f"{UPLOADS_IN_FINDINGS}/{prefix}/*",
            "Media is named by its decision and its uploader, so a prefix is as fine as it gets.",
        )


def _may_get(made: LoggedFunction, bucket: s3.IBucket, keys: list[str]) -> None:
    made.allow(["s3:GetObject"], [bucket.arn_for_objects(key) for key in keys])
    # Without it S3 answers 403 for a key that is not there, and nobody could tell a missing bundle
    # from a missing permission. It shows names only; a condition on the prefix would not work, because
    # the check behind a GetObject has no prefix.
    made.allow(["s3:ListBucket"], [bucket.bucket_arn])
