"""The app's metrics, and AWS's own of its API, as alarms and graphs use them."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk.names import API_STAGE
from lambdas.core.emf import NAMESPACE

FIVE_MINUTES = 300


def metric(
    name: str, service: str | None = None, *, statistic: str, seconds: int = FIVE_MINUTES
) -> cloudwatch.Metric:
    """One of the app's metrics; `statistic` is CloudWatch's word for it, for example `Average` or `p95`."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service} if service else None,
        statistic=statistic,
        period=Duration.seconds(seconds),
    )


def api_metric(
    api: apigateway.RestApi, name: str, *, statistic: str, seconds: int = FIVE_MINUTES
) -> cloudwatch.Metric:
    """One of AWS's metrics of the API's stage; these are free."""
    return cloudwatch.Metric(
        namespace="AWS/ApiGateway",
        metric_name=name,
        dimensions_map={"ApiName": api.rest_api_name, "Stage": API_STAGE},
        statistic=statistic,
        period=Duration.seconds(seconds),
    )
