"""The REST API: routes, keys, models, validation, limits, and what it answers by itself."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import msgspec
import pytest

from cdk.openapi import operation_id
from cdk.services import behind_the_api
from lambdas.core.schema import Problem
from tests.infrastructure.assembly import Assembly, Json, text

ROUTES = {(route.method, route.path): route for service in behind_the_api() for route in service.routes}


def methods(assembly: Assembly) -> dict[tuple[str, str], Json]:
    """The properties of each method by (HTTP method, path)."""
    resources = {r.logical_id: r.properties for r in assembly.resources("AWS::ApiGateway::Resource")}

    def path(reference: Json) -> str:
        if "Ref" not in reference:
            return ""
        found = resources[reference["Ref"]]
        return f"{path(found['ParentId'])}/{found['PathPart']}"

    return {
        (m.properties["HttpMethod"], path(m.properties["ResourceId"])): m.properties
        for m in assembly.resources("AWS::ApiGateway::Method")
    }


def models(assembly: Assembly) -> dict[str, Json]:
    """The properties of each model by logical id."""
    return {r.logical_id: r.properties for r in assembly.resources("AWS::ApiGateway::Model")}


def test_the_routes_are_those_of_the_list(plain: Assembly) -> None:
    assert set(methods(plain)) == set(ROUTES)
    assert {("POST", "/v1/tickets:classify"), ("GET", "/v1/openapi.json")} <= set(ROUTES)


def test_who_may_call_a_route_is_what_the_list_says(plain: Assembly) -> None:
    people = plain.one("AWS::ApiGateway::Authorizer")
    assert people.properties["Type"] == "COGNITO_USER_POOLS"
    assert people.properties["IdentitySource"] == "method.request.header.Authorization"
    for key, method in methods(plain).items():
        auth = ROUTES[key].auth
        assert method["ApiKeyRequired"] is (auth == "key")
        if auth == "reviewer":
            assert method["AuthorizationType"] == "COGNITO_USER_POOLS"
            assert method["AuthorizerId"] == {"Ref": people.logical_id}
        else:
            assert method["AuthorizationType"] == "NONE"
    open_to_all = {path for (_, path), route in ROUTES.items() if route.auth == "none"}
    assert open_to_all == {"/v1/reviewers:signIn", "/console", "/console/{file}"}
    for_people = {path for (_, path), route in ROUTES.items() if path.startswith("/v1/reviews")}
    assert for_people == {path for (_, path), route in ROUTES.items() if route.auth == "reviewer"}


def test_every_route_goes_to_its_services_function(plain: Assembly) -> None:
    functions = {r.logical_id: r.properties["FunctionName"] for r in plain.resources("AWS::Lambda::Function")}
    found = methods(plain)
    for service in behind_the_api():
        for route in service.routes:
            integration = found[route.method, route.path]["Integration"]
            assert integration["Type"] == "AWS_PROXY"
            target = re.search(r"<(\w+)\.Arn>/invocations", text(integration["Uri"]))
            assert target and functions[target[1]] == f"triage-{service.name}"


def test_api_gateway_may_invoke_only_through_the_routes_of_the_live_stage(plain: Assembly) -> None:
    api, stage = (plain.one(f"AWS::ApiGateway::{kind}").logical_id for kind in ("RestApi", "Stage"))
    permissions = plain.resources("AWS::Lambda::Permission", "Triage-Api")
    sources = {text(permission.properties["SourceArn"]) for permission in permissions}
    assert {source.partition(f":<{api}>/")[2] for source in sources} == {
        f"<{stage}>/{method}{re.sub(r'{.+?}', '*', path)}" for method, path in ROUTES
    }


def test_a_route_with_a_body_has_a_model_and_a_validator(plain: Assembly) -> None:
    validators = {r.logical_id: r.properties for r in plain.resources("AWS::ApiGateway::RequestValidator")}
    known = models(plain)
    for key, method in methods(plain).items():
        wanted = ROUTES[key].request
        if wanted is None:
            assert "RequestModels" not in method
            continue
        assert validators[method["RequestValidatorId"]["Ref"]]["ValidateRequestBody"] is True
        (content_type, reference), = method["RequestModels"].items()  # fmt: skip
        assert content_type == "application/json"
        assert known[reference["Ref"]]["Name"] == wanted.__name__


def test_a_path_with_a_parameter_says_so(plain: Assembly) -> None:
    for key, method in methods(plain).items():
        wanted = {f"method.request.path.{name}": True for name in ROUTES[key].parameters} | {
            f"method.request.querystring.{name}": False for name in ROUTES[key].query
        }
        assert method.get("RequestParameters", {}) == wanted
    assert ROUTES["GET", "/v1/transactions/{id}/explanation"].parameters == ["id"]


def test_answers_have_models_too(plain: Assembly) -> None:
    known = models(plain)
    for key, method in methods(plain).items():
        by_status = {r["StatusCode"]: r.get("ResponseModels", {}) for r in method["MethodResponses"]}
        assert set(by_status) == {"200", "400", "401", "403", "404", "409", "413", "415", "422", "429", "503"}
        response = ROUTES[key].response
        named = {kind: known[reference["Ref"]]["Name"] for kind, reference in by_status["200"].items()}
        assert named == ({"application/json": response.__name__} if response else {})
        problem = by_status["400"]["application/problem+json"]["Ref"]
        assert known[problem]["Name"] == Problem.__name__


def test_models_are_valid_draft_4_and_self_contained(plain: Assembly) -> None:
    for model in models(plain).values():
        schema = model["Schema"]
        assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
        jsonschema.Draft4Validator.check_schema(schema)
        references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(schema)))
        definitions = schema.get("definitions", {})
        assert references == {f"#/definitions/{name}" for name in definitions}
        assert model["Name"].isalnum(), "API Gateway takes letters and digits only"


TRANSACTIONS: list[Json] = [
    {"card_id": "c", "amount": 12.5, "currency": "EUR", "at": "2026-11-24T10:00:00Z"},
    {"card_id": "c", "amount": 1, "latitude": 40.4, "longitude": -3.7, "category": None},
]
NO_TRANSACTIONS: list[Any] = [
    {"amount": 1},
    {"card_id": "c", "amount": 0},
    {"card_id": "c", "amount": -1},
    {"card_id": "c", "amount": 1_000_000.01},
    {"card_id": "c", "amount": "12"},
    {"card_id": "", "amount": 1},
    {"card_id": "c", "amount": 1, "latitude": 91, "longitude": 0},
    {"card_id": "c", "amount": 1, "cvv": "123"},
]


@pytest.mark.parametrize("body", [*TRANSACTIONS, *NO_TRANSACTIONS], ids=lambda body: json.dumps(body)[:40])
def test_the_transactions_model_refuses_what_the_function_would_refuse(plain: Assembly, body: Any) -> None:
    for name, wrapped in (
        ("TransactionRequest", body),
        ("ScoreBatchRequest", {"transactions": [body]}),
    ):
        (schema,) = [m["Schema"] for m in models(plain).values() if m["Name"] == name]
        (kind,) = {r.request for r in ROUTES.values() if r.request and r.request.__name__ == name}
        try:
            msgspec.convert(wrapped, kind)
            in_the_function = True
        except msgspec.ValidationError:
            in_the_function = False
        at_the_gateway = jsonschema.Draft4Validator(schema).is_valid(wrapped)
        assert at_the_gateway == in_the_function == (body in TRANSACTIONS)


ACCEPTED: list[Json] = [
    {"subject": "Refund", "body": "I was charged twice", "ticket_id": "t-1"},
    {"body": "hola"},
    {"body": "x", "ticket_id": None, "channel": "email", "previous_tickets": 0},
]
REFUSED: list[Any] = [
    [],
    "text",
    {"body": 5},
    {"body": "x" * 20_001},
    {"body": "x", "unknown": 1},
    {"body": "x", "ticket_id": ""},
    {"body": "x", "previous_tickets": -1},
    {"body": "x", "previous_tickets": "3"},
]


@pytest.mark.parametrize("body", [*ACCEPTED, *REFUSED], ids=lambda body: json.dumps(body)[:40])
def test_a_model_refuses_what_the_function_would_refuse(plain: Assembly, body: Any) -> None:
    """API Gateway and the function must not disagree on what a request is."""
    for key, wrap in (
        (("POST", "/v1/tickets:classify"), lambda ticket: ticket),
        (("POST", "/v1/tickets:classifyBatch"), lambda ticket: {"tickets": [ticket]}),
    ):
        kind = ROUTES[key].request
        (schema,) = [m["Schema"] for m in models(plain).values() if kind and m["Name"] == kind.__name__]
        wrapped = wrap(body)
        at_the_gateway = jsonschema.Draft4Validator(schema).is_valid(wrapped)
        try:
            msgspec.convert(wrapped, kind)
            in_the_function = True
        except msgspec.ValidationError:
            in_the_function = False
        assert at_the_gateway == in_the_function == (body in ACCEPTED)


def test_a_batch_over_its_limit_is_refused_at_the_gateway(plain: Assembly) -> None:
    (schema,) = [m["Schema"] for m in models(plain).values() if m["Name"] == "ClassifyBatchRequest"]
    validator = jsonschema.Draft4Validator(schema)
    assert validator.is_valid({"tickets": [{"body": "x"}] * 100})
    assert not validator.is_valid({"tickets": [{"body": "x"}] * 101})
    assert not validator.is_valid({"tickets": []})


def test_the_usage_plan_bounds_the_key_and_each_route(plain: Assembly) -> None:
    plan = plain.one("AWS::ApiGateway::UsagePlan").properties
    assert plan["Throttle"] == {"RateLimit": 20, "BurstLimit": 40}
    assert plan["Quota"] == {"Limit": 500_000, "Period": "MONTH"}
    (stage,) = plan["ApiStages"]
    keyed = {key: route for key, route in ROUTES.items() if route.auth == "key"}
    assert set(stage["Throttle"]) == {f"{path}/{method}" for method, path in keyed}
    for (method, path), route in keyed.items():
        limits = stage["Throttle"][f"{path}/{method}"]
        assert limits == {"RateLimit": 20 * route.share, "BurstLimit": 40 * route.share}
    key = plain.one("AWS::ApiGateway::ApiKey")
    link = plain.one("AWS::ApiGateway::UsagePlanKey").properties
    assert link["KeyId"] == {"Ref": key.logical_id}


def test_the_stage_logs_every_call_traces_and_buys_no_metrics(plain: Assembly) -> None:
    stage = plain.one("AWS::ApiGateway::Stage")
    assert stage.properties["StageName"] == "live"
    assert stage.properties["TracingEnabled"] is True
    settings, sign_in = stage.properties["MethodSettings"]
    assert (sign_in["HttpMethod"], sign_in["ResourcePath"]) == ("POST", "/~1v1~1reviewers:signIn")
    assert (sign_in["ThrottlingRateLimit"], sign_in["ThrottlingBurstLimit"]) == (5, 10)
    assert (sign_in["DataTraceEnabled"], sign_in["MetricsEnabled"]) == (False, False), "it has passwords"
    assert settings["LoggingLevel"] == "ERROR"
    assert settings["DataTraceEnabled"] is False, "request bodies are the customers' words"
    assert settings["MetricsEnabled"] is False, "metrics by method are billed as custom metrics"
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (100, 200)
    line = json.loads(stage.properties["AccessLogSetting"]["Format"])
    assert {"request_id", "status", "route", "latency_ms", "api_key_id"} <= set(line)


def test_the_execution_log_is_made_before_the_stage_would_make_it(plain: Assembly) -> None:
    stage = plain.one("AWS::ApiGateway::Stage")
    api = plain.one("AWS::ApiGateway::RestApi").logical_id
    (group,) = [
        g
        for g in plain.resources("AWS::Logs::LogGroup")
        if text(g.properties["LogGroupName"]) == f"API-Gateway-Execution-Logs_<{api}>/live"
    ]
    assert group.properties["RetentionInDays"] == 30
    assert group.logical_id in stage.body["DependsOn"]


def test_a_changed_schema_is_deployed(plain: Assembly, more_services: Assembly) -> None:
    """A stage serves the snapshot of its deployment, so whatever changes must give a new one."""
    assert (
        plain.one("AWS::ApiGateway::Deployment").logical_id
        != more_services.one("AWS::ApiGateway::Deployment").logical_id
    )
    deployment = plain.one("AWS::ApiGateway::Deployment")
    assert set(models(plain)) <= set(deployment.body["DependsOn"])


def test_what_the_gateway_refuses_by_itself_is_a_problem(plain: Assembly) -> None:
    answers = {
        r.properties["ResponseType"]: r.properties
        for r in plain.resources("AWS::ApiGateway::GatewayResponse")
    }
    expected = {
        "BAD_REQUEST_BODY": 400, "UNAUTHORIZED": 401, "INVALID_API_KEY": 403,
        "MISSING_AUTHENTICATION_TOKEN": 404,
        "REQUEST_TOO_LARGE": 413, "THROTTLED": 429, "QUOTA_EXCEEDED": 429, "INTEGRATION_TIMEOUT": 504,
    }  # fmt: skip
    for kind, status in expected.items():
        answer = answers[kind]
        assert answer["StatusCode"] == str(status)
        assert problem_of(answer).status == status
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(answers)
    for answer in answers.values():
        assert (
            answer["ResponseParameters"]["gatewayresponse.header.Content-Type"]
            == "'application/problem+json'"
        )
        assert problem_of(answer).detail


def problem_of(answer: Json) -> Problem:
    """The body API Gateway would send, its variables filled in, as the type the functions answer with."""
    (template,) = answer["ResponseTemplates"].values()
    filled = template.replace("$context.error.messageString", '"a message"')
    body = json.loads(filled)
    body.setdefault("status", 400)  # the defaults stand for many statuses and name none
    return msgspec.convert(body, Problem)


def test_operation_names_can_be_method_names() -> None:
    names = [operation_id(route) for route in ROUTES.values()]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    assert {"postTicketsClassifyBatch", "getTransactionsIdExplanation"} <= set(names)
