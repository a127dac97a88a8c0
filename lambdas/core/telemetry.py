"""What a function says about itself: structured log lines, and EMF metrics. No call to CloudWatch.

Confidence carries the service's name as a dimension; what all services share carries none, because each
combination counts against the ten metrics that are free. cdk/metrics.py lists them all.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        """Count one decision, and whether rules made it in place of the model."""
        self._own.add("Confidence", confidence)
        if fallback:
            self._shared.add("Fallbacks", 1.0)

    def bad_request(self, status: int, detail: str, field: str | None) -> None:
        """Say why a caller got a 4xx. The API's own metric counts them, for nothing."""
        self.log.warning("bad request", extra={"status": status, "detail": detail, "field": field})

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

    def confidence_below(self, by: float) -> None:
        """By how much the worst service's average is below its own bound; 0 when none is."""
        self._shared.add("LowConfidence", by)

    def drifted(self, services: int) -> None:
        """How many services have drifted, as far as the newest drift reports say."""
        self._shared.add("Drift", float(services))

    def dead_letters(self, waiting: Mapping[str, int]) -> None:
        """How many messages wait in each queue of what nobody could work off; the metric is their sum."""
        for queue, messages in waiting.items():
            if messages:
                self.log.warning("dead letters", extra={"queue": queue, "messages": messages})
        self._shared.add("DeadLetters", float(sum(waiting.values())))

    def flush(self) -> None:
        """Write the metrics gathered since the last flush, as EMF lines."""
        self._own.flush()
        self._shared.flush()
