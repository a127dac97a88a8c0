"""The functions of the services, and the catalog: what each may read and write, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.constructs.artifacts_bucket import ARN_IN_FINDINGS
from cdk.constructs.function_code import Packaging
from cdk.constructs.service_function import LoggedFunction
from cdk.services import Service
from lambdas.core.emf import NAMESPACE


def decision_function(
    scope: Construct,
    service: Service,
    *,
    packaging: Packaging,
    artifacts: s3.IBucket,
    decisions: dynamodb.ITable,
) -> LoggedFunction:
    """The function of a deciding service; its environment is that of docs/contracts.md."""
    made = _function(
        scope,
        service,
        packaging,
        {
            "ARTIFACTS_BUCKET": artifacts.bucket_name,
            "DECISIONS_TABLE": decisions.table_name,
            "ROLLOUT_REFRESH_SECONDS": "10",
            "DECISION_TTL_DAYS": "30",
        },
    )
    _may_read(made, artifacts, [f"{service.name}/*"])
    # Conditional puts, alone and in a transaction: the log's writer never reads.
    made.allow(["dynamodb:PutItem"], [decisions.table_arn])
    return made


def catalog_function(
    scope: Construct,
    service: Service,
    *,
    packaging: Packaging,
    artifacts: s3.IBucket,
    services: Sequence[str],
) -> LoggedFunction:
    """The function that says what is live; it reads rollouts and manifests, never a model."""
    made = _function(
        scope, service, packaging, {"ARTIFACTS_BUCKET": artifacts.bucket_name, "SERVICES": ",".join(services)}
    )
    keys = [key for name in services for key in (f"{name}/rollout.json", f"{name}/bundles/*/manifest.json")]
    _may_read(made, artifacts, keys)
    return made


def _function(
    scope: Construct, service: Service, packaging: Packaging, environment: dict[str, str]
) -> LoggedFunction:
    return LoggedFunction(
        scope,
        service.name.capitalize(),
        name=service.name,
        packaged=packaging.of(service.handler),
        environment={
            **environment,
            "POWERTOOLS_SERVICE_NAME": service.name,
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        },
        memory_mb=service.memory_mb,
        timeout_seconds=service.timeout_seconds,
    )


def _may_read(made: LoggedFunction, bucket: s3.IBucket, keys: list[str]) -> None:
    made.allow(["s3:GetObject"], [bucket.arn_for_objects(key) for key in keys])
    # Without it S3 answers 403 for a key that is not there, and nobody could tell a missing bundle
    # from a missing permission. It shows names only; a condition on the prefix would not work, because
    # the check behind a GetObject has no prefix.
    made.allow(["s3:ListBucket"], [bucket.bucket_arn])
    for key in keys:
        if "*" in key:
            made.acknowledge_wildcard(
                f"{ARN_IN_FINDINGS}/{key}",
                "Bundles are named by version when they are published, so a prefix is as fine as it gets.",
            )
