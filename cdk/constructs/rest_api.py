"""The REST API: routes, models, validation, access logs. Keys and throttling are in access.py."""

from __future__ import annotations

import json

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge
from cdk.constructs.gateway_responses import add_gateway_responses
from cdk.constructs.limits import throttle
from cdk.constructs.service_function import RETENTION
from cdk.json_schema import Schema, draft4_model
from cdk.names import API_STAGE, PROJECT
from cdk.openapi import operation_id
from cdk.service import BINARY_TYPES, Route, Service
from cdk.settings import Settings
from lambdas.core.schema import Problem

KEYS_AT_FULL_RATE = 5
"""The API as a whole takes this many times what one key may send."""
_JSON = "application/json"
_PROBLEM = "application/problem+json"
_PROBLEM_STATUSES = ("400", "401", "403", "404", "409", "413", "415", "422", "429", "503")

_OPEN_BECAUSE = {
    "key": "Callers are programs that send an API key, which the usage plan checks; no users sign in.",
    "token": "Prometheus sends no API key: the function compares its Bearer token; a limit bounds the route.",
    "none": "Nobody has signed in yet: this is the page and the way to sign in; the stage's limits bound it.",
}


class TriageApi(Construct):
    """The public API: `add` puts a service's routes on it. `methods` are the routes added so far."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, people: cognito.IUserPool
    ) -> None:
        """`people` are those who may call what is for reviewers, once they have signed in."""
        super().__init__(scope, construct_id)
        self._settings = settings
        self._bounds = 0
        self.methods: list[tuple[Route, apigateway.Method]] = []
        self._models: dict[type, apigateway.IModel] = {}
        self.access_log = logs.LogGroup(
            self,
            "AccessLog",
            log_group_name=f"/aws/apigateway/{PROJECT}-access",
            retention=RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.rest_api = apigateway.RestApi(
            self,
            "RestApi",
            rest_api_name=PROJECT,
            description="Triage: decisions on streams of items",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=True,
            api_key_source_type=apigateway.ApiKeySourceType.HEADER,
            # What functions answer in base64 and callers get as it is.
            binary_media_types=list(BINARY_TYPES),
            deploy_options=apigateway.StageOptions(
                stage_name=API_STAGE,
                access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
                access_log_format=apigateway.AccessLogFormat.custom(_ACCESS_LOG_LINE),
                throttling_rate_limit=settings.requests_per_second * KEYS_AT_FULL_RATE,
                throttling_burst_limit=settings.burst * KEYS_AT_FULL_RATE,
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,
                metrics_enabled=False,
                tracing_enabled=True,
            ),
        )
        # The app has an output of its own for it, ApiUrl.
        self.rest_api.node.try_remove_child("Endpoint")
        self._validator = self.rest_api.add_request_validator(
            "Body", request_validator_name="body", validate_request_body=True
        )
        self._people = apigateway.CognitoUserPoolsAuthorizer(
            self, "People", authorizer_name="reviewers", cognito_user_pools=[people]
        )
        add_gateway_responses(self.rest_api)
        self._keep_execution_log()
        self._acknowledge()

    def add(self, service: Service, function: lambda_.IFunction) -> None:
        """Put the routes of `service` on the API, answered by `function`."""
        integration = apigateway.LambdaIntegration(function, allow_test_invoke=False)
        for route in service.routes:
            self._add_route(route, integration)

    def _add_route(self, route: Route, integration: apigateway.Integration) -> None:
        method = self.rest_api.root.resource_for_path(route.path).add_method(
            route.method,
            integration,
            operation_name=operation_id(route),
            api_key_required=route.auth == "key",
            authorizer=self._people if route.auth == "reviewer" else None,
            request_models={_JSON: self._model(route.request)} if route.request else None,
            request_validator=self._validator if route.request else None,
            request_parameters={
                **{f"method.request.path.{name}": True for name in route.parameters},
                **{f"method.request.querystring.{name}": False for name in route.query},
            }
            or None,
            method_responses=[
                apigateway.MethodResponse(
                    status_code="200",
                    response_models={_JSON: self._model(route.response)} if route.response else None,
                ),
                *(
                    apigateway.MethodResponse(
                        status_code=status, response_models={_PROBLEM: self._model(Problem)}
                    )
                    for status in _PROBLEM_STATUSES
                ),
            ],
        )
        for rule in ("AwsSolutions-APIG4", "AwsSolutions-COG4"):
            if route.auth != "reviewer":
                acknowledge(method, rule, _OPEN_BECAUSE[route.auth])
        self.methods.append((route, method))
        if route.auth == "token" or (route.auth == "none" and route.request):
            self._bound(route)

    def _bound(self, route: Route) -> None:
        """Limits of a route that anybody may reach, for all of them together: no usage plan bounds it."""
        stage = self.rest_api.deployment_stage.node.default_child
        assert isinstance(stage, apigateway.CfnStage)  # noqa: S101 - what a Stage always holds
        limits = throttle(route, self._settings)
        self._bounds += 1  # the first entry is the stage's own, for every method
        stage.add_property_override(
            f"MethodSettings.{self._bounds}",
            {
                "HttpMethod": route.method,
                "ResourcePath": "/" + route.path.replace("/", "~1"),
                "ThrottlingRateLimit": limits.rate_limit,
                "ThrottlingBurstLimit": limits.burst_limit,
                "LoggingLevel": "ERROR",
                "DataTraceEnabled": False,
                "MetricsEnabled": False,
            },
        )

    def _model(self, kind: type) -> apigateway.IModel:
        """The API Gateway model of a msgspec type, made on first use."""
        if kind not in self._models:
            schema = draft4_model(kind)
            made = apigateway.CfnModel(
                self,
                f"Model{kind.__name__}",
                rest_api_id=self.rest_api.rest_api_id,
                name=kind.__name__,
                content_type=_PROBLEM if kind is Problem else _JSON,
                description=(kind.__doc__ or kind.__name__).strip().splitlines()[0],
                schema=schema,
            )
            self._models[kind] = apigateway.Model.from_model_name(self, f"Use{kind.__name__}", made.ref)
            self._deploy_again_with(made, schema)
        return self._models[kind]

    def _deploy_again_with(self, model: apigateway.CfnModel, schema: Schema) -> None:
        """A stage serves a snapshot: without a new deployment it would go on with the old schema."""
        deployment = self.rest_api.latest_deployment
        if deployment is not None:
            deployment.node.add_dependency(model)
            deployment.add_to_logical_id({"model": schema})

    def _keep_execution_log(self) -> None:
        """Make the log group that API Gateway would make by itself, and keep for ever."""
        group = logs.LogGroup(
            self,
            "ExecutionLog",
            log_group_name=f"API-Gateway-Execution-Logs_{self.rest_api.rest_api_id}/{API_STAGE}",
            retention=RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.rest_api.deployment_stage.node.add_dependency(group)

    def _acknowledge(self) -> None:
        role = self.rest_api.node.find_child("CloudWatchRole")
        acknowledge(
            role,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonAPIGatewayPushToCloudWatchLogs]",
            "The policy AWS documents for this one account-wide role of API Gateway, which checks it.",
        )
        acknowledge(
            self.rest_api.deployment_stage,
            "AwsSolutions-APIG3",
            "AWS WAF costs money every month; keys, throttling and a quota bound what callers can do.",
        )
        acknowledge(
            self.rest_api,
            "AwsSolutions-APIG2",
            "Each route with a body has a model and a validator that checks it; the others take no input.",
        )


_ACCESS_LOG_LINE = json.dumps(
    {
        "request_id": "$context.requestId",
        "time": "$context.requestTime",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "status": "$context.status",
        "api_key_id": "$context.identity.apiKeyId",
        "ip": "$context.identity.sourceIp",
        "latency_ms": "$context.responseLatency",
        "integration_latency_ms": "$context.integrationLatency",
        "bytes": "$context.responseLength",
        "error": "$context.error.responseType",
        "trace": "$context.xrayTraceId",
    }
)


def base_url(api: apigateway.RestApi) -> str:
    """The URL the routes start after, for example https://abc.execute-api.eu-west-1.amazonaws.com/live."""
    return f"https://{api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}/{API_STAGE}"
