"""Who may call the API, and how much: one key, a usage plan, and limits for each route."""

from __future__ import annotations

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from cdk.constructs.limits import throttle
from cdk.constructs.rest_api import TriageApi
from cdk.names import PROJECT
from cdk.settings import Settings


class Access(Construct):
    """A key and its usage plan for `api`, whose routes are all there already.

    The plan bounds the key: requests a second, a burst, a monthly quota, and for each route its share.
    """

    def __init__(self, scope: Construct, construct_id: str, *, api: TriageApi, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.key = apigateway.ApiKey(
            self, "Key", api_key_name=PROJECT, description="The first caller's key; make one for each caller"
        )
        plan = apigateway.UsagePlan(
            self,
            "Plan",
            name=PROJECT,
            throttle=apigateway.ThrottleSettings(
                rate_limit=settings.requests_per_second, burst_limit=settings.burst
            ),
            quota=apigateway.QuotaSettings(limit=settings.monthly_quota, period=apigateway.Period.MONTH),
            api_stages=[
                apigateway.UsagePlanPerApiStage(
                    api=api.rest_api,
                    stage=api.rest_api.deployment_stage,
                    throttle=[
                        apigateway.ThrottlingPerMethod(method=method, throttle=throttle(route, settings))
                        for route, method in api.methods
                        if route.auth == "key"
                    ],
                )
            ],
        )
        plan.add_api_key(self.key)
