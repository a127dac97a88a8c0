"""What a function says about itself: structured log lines, and EMF metrics. No call to CloudWatch.

The service's own metrics carry its name as the dimension `service`; those that all services share
carry `all`, because each combination counts against the ten metrics that are free.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "Triage"


class Telemetry:
    """The logger and the metrics of one service."""

    def __init__(self, service: str) -> None:
        self.log = Logger(service=service)
        self._own = EphemeralMetrics(namespace=NAMESPACE, service=service)
        self._shared = EphemeralMetrics(namespace=NAMESPACE, service="all")

    def request(self, context: Any) -> None:
        """Tie the log lines that follow to the Lambda request; `context` is Lambda's own."""
        self.log.append_keys(request_id=getattr(context, "aws_request_id", None))

    def decided(self, confidence: float, *, fallback: bool) -> None:
        """Count one decision."""
        self._own.add_metric(name="Confidence", unit=MetricUnit.Count, value=confidence)
        self._own.add_metric(name="Fallbacks", unit=MetricUnit.Count, value=float(fallback))

    def bad_request(self, status: int, detail: str, field: str | None) -> None:
        """Count one 4xx answer."""
        self.log.warning("bad request", extra={"status": status, "detail": detail, "field": field})
        self._shared.add_metric(name="BadRequests", unit=MetricUnit.Count, value=1)

    def model_failed(self, detail: str, **what: Any) -> None:
        """Count a bundle that could not be loaded or run."""
        self.log.error("model failed", extra={"detail": detail, **what})
        self._shared.add_metric(name="ModelLoadFailures", unit=MetricUnit.Count, value=1)

    def log_failed(self, detail: str, decisions: list[Any]) -> None:
        """Count decisions that the log would not take, and write them here, so that none is lost."""
        for decision in decisions:
            self.log.error("decision not logged", extra={"detail": detail, "decision": decision})
        self._shared.add_metric(name="LogFailures", unit=MetricUnit.Count, value=len(decisions))

    def flush(self) -> None:
        """Write the metrics gathered since the last flush, as EMF lines."""
        for metrics in (self._own, self._shared):
            if metrics.metric_set:
                metrics.flush_metrics()
