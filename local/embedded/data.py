"""The data of PutMetricData."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

VALUES: Final = 150
"""The most that a datum may have."""

Datum = dict[str, Any]
Unit = Literal["Count", "Milliseconds", "Seconds"]


def data(name: str, dimensions: Mapping[str, str], unit: Unit, values: Iterable[float]) -> list[Datum]:
    """The metric `name` with these values, each as often as it is there."""
    counted = sorted(Counter(values).items())
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Unit": unit,
            "Values": [float(value) for value, _ in counted[start : start + VALUES]],
            "Counts": [float(count) for _, count in counted[start : start + VALUES]],
        }
        for start in range(0, len(counted), VALUES)
    ]
