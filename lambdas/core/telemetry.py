"""What a function says about itself: structured log lines, and EMF metrics. No call to CloudWatch.

The service's own metrics carry its name as a dimension; those that all services share carry none,
because each combination counts against the ten metrics that are free.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from lambdas.core.emf import Metrics


class Telemetry:
    """The logger and the metrics of one service."""

    def __init__(self, service: str) -> None:
        self.log = Logger(service=service)
        self._own = Metrics(service=service)
        self._shared = Metrics()

    def request(self, context: Any) -> None:
        """Tie the log lines that follow to the Lambda request; `context` is Lambda's own."""
        self.log.append_keys(request_id=getattr(context, "aws_request_id", None))

    def decided(self, confidence: float, *, fallback: bool) -> None:
        """Count one decision."""
        self._own.add("Confidence", confidence)
        self._own.add("Fallbacks", float(fallback))

    def bad_request(self, status: int, detail: str, field: str | None) -> None:
        """Count one 4xx answer."""
        self.log.warning("bad request", extra={"status": status, "detail": detail, "field": field})
        self._shared.add("BadRequests", 1.0)

    def model_failed(self, detail: str, **what: Any) -> None:
        """Count a bundle that could not be loaded or run."""
        self.log.error("model failed", extra={"detail": detail, **what})
        self._shared.add("ModelLoadFailures", 1.0)

    def log_refused(self, detail: str, count: int) -> None:
        """Count decisions that the log would not take and that will be tried again."""
        self.log.warning("the decision log is down", extra={"detail": detail, "decisions": count})
        for _ in range(count):
            self._shared.add("LogFailures", 1.0)

    def log_failed(self, detail: str, decisions: list[Any]) -> None:
        """Count decisions that the log would not take, and write them here, so that none is lost."""
        for decision in decisions:
            self.log.error("decision not logged", extra={"detail": detail, "decision": decision})
            self._shared.add("LogFailures", 1.0)

    def flush(self) -> None:
        """Write the metrics gathered since the last flush, as EMF lines."""
        self._own.flush()
        self._shared.flush()
