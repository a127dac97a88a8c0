"""Metrics as lines on standard output, which CloudWatch Logs turns into metrics.

Powertools' Metrics does this too, at about 40 microseconds a value; a batch of 100 decisions has 200
values, and that was more than running the model on them (`make bench`). The format is small and fixed:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import sys
import time

import msgspec

NAMESPACE = "Triage"
MOST_VALUES = 100
"""The format's own limit of values a metric and line."""


class Metrics:
    """Values gathered during a request and written by `flush`, under one set of dimensions."""

    def __init__(self, **dimensions: str) -> None:
        self._dimensions = dimensions
        self._values: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        """One value of the metric `name`; its unit is Count."""
        self._values.setdefault(name, []).append(value)

    def flush(self) -> None:
        """Write what was added since the last flush, if anything was."""
        if not self._values:
            return
        values, self._values = self._values, {}
        longest = max(map(len, values.values()))
        for start in range(0, longest, MOST_VALUES):
            part = {name: found[start : start + MOST_VALUES] for name, found in values.items()}
            self._write({name: found for name, found in part.items() if found})

    def _write(self, values: dict[str, list[float]]) -> None:
        described = {
            "Namespace": NAMESPACE,
            "Dimensions": [list(self._dimensions)],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
        }
        line = {
            "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]},
            **self._dimensions,
            **values,
        }
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()
