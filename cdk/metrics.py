"""The metrics the functions emit: what alarms, dashboard and the free-tier ledger know of them.

docs/contracts.md has the same table; a test compares both with what the functions really write.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from lambdas.core.emf import NAMESPACE

OWN = ("Confidence", "Fallbacks")
"""Emitted by each deciding service under its own name."""
SHARED = ("BadRequests", "ModelLoadFailures", "LogFailures")
"""Emitted without a dimension: one of each, however many services there are."""


class MetricId(NamedTuple):
    """What CloudWatch bills as one custom metric."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def emitted(services: Iterable[str]) -> set[MetricId]:
    """Every custom metric that the functions of `services` write."""
    own = {_id(name, service) for name in OWN for service in services}
    return own | {_id(name, None) for name in SHARED}


def metric(
    name: str, service: str | None = None, *, statistic: str, period: Duration | None = None
) -> cloudwatch.Metric:
    """One of the app's metrics; `statistic` is CloudWatch's word for it, for example `Average` or `p95`."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service} if service else None,
        statistic=statistic,
        period=period or Duration.minutes(5),
    )


def _id(name: str, service: str | None) -> MetricId:
    return MetricId(NAMESPACE, name, (("service", service),) if service else ())
