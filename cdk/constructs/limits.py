"""How much a route takes: its share of what the settings allow."""

from __future__ import annotations

import math

from aws_cdk import aws_apigateway as apigateway

from cdk.service import Route
from cdk.settings import Settings


def throttle(route: Route, settings: Settings) -> apigateway.ThrottleSettings:
    """The limits of one route: its share of the plan's, at least one request."""
    return apigateway.ThrottleSettings(
        rate_limit=max(1, math.ceil(settings.requests_per_second * route.share)),
        burst_limit=max(1, math.ceil(settings.burst * route.share)),
    )
