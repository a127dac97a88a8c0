"""The function that Prometheus scrapes, and the key that opens it; off on AWS unless it is asked for.

What it costs there is in docs/prometheus.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from aws_cdk import Aws, CfnOutput
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from cdk.constructs.artifacts_bucket import ARN_IN_FINDINGS
from cdk.constructs.decision_function import Neighbours, function_of, live_keys, may_read
from cdk.constructs.rest_api import base_url
from cdk.constructs.service_function import LoggedFunction
from cdk.local_differences import Target
from cdk.names import PROJECT
from cdk.service import Service
from cdk.services import EXPORTER
from lambdas.exporter.drift import LATEST
from lambdas.observations.record import PREFIX


def exporter_function(
    scope: Construct,
    near: Neighbours,
    target: Target,
    *,
    api: apigateway.RestApi,
    services: Sequence[Service],
) -> LoggedFunction:
    """The function behind EXPORTER's route, with a key of its own and outputs that say how to scrape it."""
    key = apigateway.ApiKey(
        scope,
        "MetricsKey",
        api_key_name=f"{PROJECT}-metrics",
        # In no usage plan, so that as an API key it opens nothing: the function alone looks at it.
        description="What Prometheus sends as its Bearer token to GET /metrics; it opens nothing else",
    )
    names = [service.name for service in services]
    outcomes = {each.name: dict(each.label_outcomes) for each in services if each.label_outcomes}
    made = function_of(
        scope,
        EXPORTER,
        near,
        name=EXPORTER.name,
        service=EXPORTER.name,
        environment={
            "ARTIFACTS_BUCKET": near.artifacts.bucket_name,
            "SERVICES": ",".join(names),
            # In the order of the services: the first outcome of each is the one that does nothing.
            "LABEL_OUTCOMES": json.dumps(outcomes),
            "METRICS_KEY_ID": key.key_id,
            # A new bundle's share is told with its first decisions, which come every `observe_seconds`; after
            # two such times the last ones of a day are there.
            "EXPORTER_REFRESH_SECONDS": str(max(1, target.observe_seconds // 5)),
            "EXPORTER_GRACE_SECONDS": str(2 * target.observe_seconds + 10),
        },
    )
    made.allow(
        ["apigateway:GET"],
        [f"arn:{Aws.PARTITION}:apigateway:{Aws.REGION}::/apikeys/{key.key_id}"],
    )
    may_read(made, near.artifacts, [*live_keys(names), *(f"{name}/{LATEST}" for name in names)])
    made.allow(["s3:GetObject"], [near.artifacts.arn_for_objects(f"{PREFIX}/*")])
    made.acknowledge_wildcard(
        f"{ARN_IN_FINDINGS}/{PREFIX}/*", "Observations are named by service and hour, so a prefix it is."
    )
    _outputs(scope, api, key)
    return made


def _outputs(scope: Construct, api: apigateway.RestApi, key: apigateway.ApiKey) -> None:
    command = f"aws apigateway get-api-key --api-key {key.key_id} --include-value --query value --output text"
    (route,) = EXPORTER.routes
    CfnOutput(scope, "MetricsUrl", value=f"{base_url(api)}{route.path}")
    CfnOutput(scope, "MetricsKeyId", value=key.key_id)
    CfnOutput(scope, "MetricsKeyCommand", value=command, description="prints the key that Prometheus sends")
