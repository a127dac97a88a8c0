"""The exporter: nothing of it unless it is asked for, and then a function that reads and a key of its own."""

from __future__ import annotations

import json

import pytest

from cdk.services import EXPORTER, SERVICES
from tests.infrastructure.assembly import Assembly, text
from tests.infrastructure.test_api import methods
from tests.infrastructure.test_permissions import policy_of

ROUTE = ("GET", "/metrics")


def test_nothing_of_it_is_made_on_aws_unless_it_is_asked_for(plain: Assembly) -> None:
    assert "metrics_key" not in json.dumps(plain.templates).lower().replace("metricskey", "metrics_key")
    assert "triage-exporter" not in json.dumps(plain.templates)
    assert ROUTE not in methods(plain)
    assert not any(name.startswith("Metrics") for name in plain.outputs("Triage-Api"))


@pytest.mark.parametrize("variant", ["everything", "laptop"])
def test_the_function_knows_the_services_and_their_labels(
    variant: str, request: pytest.FixtureRequest
) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    made = assembly.one("AWS::Lambda::Function", FunctionName="triage-exporter").properties
    variables = made["Environment"]["Variables"]
    assert variables["SERVICES"].split(",") == [service.name for service in SERVICES]
    meaning = json.loads(variables["LABEL_OUTCOMES"])
    assert list(meaning["transactions"].values()) == ["approve", "decline"], "what does nothing comes first"
    assert made["Timeout"] > 8, "it reads for so long"
    key = assembly.one("AWS::ApiGateway::ApiKey", Name="triage-metrics")
    assert text(variables["METRICS_KEY_ID"]) == f"<{key.logical_id}>"
    assert {"MetricsUrl", "MetricsKeyId", "MetricsKeyCommand"} <= set(assembly.outputs("Triage-Api"))


def test_it_may_read_its_key_and_what_it_tells_and_nothing_else(everything: Assembly) -> None:
    allowed = policy_of(everything, "exporter")
    own = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    assert set(allowed) == own | {"apigateway:GET", "s3:GetObject", "s3:ListBucket"}
    key = everything.one("AWS::ApiGateway::ApiKey", Name="triage-metrics").logical_id
    ((resources, _),) = allowed["apigateway:GET"]
    assert resources == [f"arn:<AWS::Partition>:apigateway:<AWS::Region>::/apikeys/<{key}>"]
    read = {
        resource.rpartition(">/")[2] for resources, _ in allowed["s3:GetObject"] for resource in resources
    }
    assert read == {"observations/*"} | {
        f"{service.name}/{part}"
        for service in SERVICES
        for part in ("rollout.json", "bundles/*/manifest.json", "drift/latest.json")
    }


def test_its_route_takes_no_api_key_and_a_share_of_the_rate(everything: Assembly) -> None:
    method = methods(everything)[ROUTE]
    assert (method["ApiKeyRequired"], method["AuthorizationType"]) == (False, "NONE")
    settings = {
        entry["ResourcePath"]: entry
        for entry in everything.one("AWS::ApiGateway::Stage").properties["MethodSettings"]
    }
    limits = settings["/~1metrics"]
    assert (limits["HttpMethod"], limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) == (
        "GET", 20 * EXPORTER.routes[0].share, 40 * EXPORTER.routes[0].share,
    )  # fmt: skip
    assert (limits["DataTraceEnabled"], limits["MetricsEnabled"]) == (False, False), "the token is a header"


def test_its_key_is_in_no_usage_plan(everything: Assembly) -> None:
    key = everything.one("AWS::ApiGateway::ApiKey", Name="triage-metrics").logical_id
    members = everything.resources("AWS::ApiGateway::UsagePlanKey")
    assert members
    assert {"Ref": key} not in [member.properties["KeyId"] for member in members]
