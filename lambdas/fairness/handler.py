"""The function of the daily schedule."""

from __future__ import annotations

from lambdas.core.aws import Bucket, Dynamo, Topic
from lambdas.core.settings import FairnessSettings, load
from lambdas.core.telemetry import Telemetry
from lambdas.fairness.live import SERVICE
from lambdas.fairness.monitor import Limits, Monitor
from lambdas.fairness.scan import Scan

_settings = load(FairnessSettings)
_dynamo = Dynamo(timeout=5.0)


def _scan() -> Scan:
    return Scan(
        _settings.decisions_table,
        _dynamo,
        SERVICE,
        units=_settings.fairness_read_units,
        seconds=_settings.fairness_seconds,
        items=_settings.fairness_items,
    )


handle = Monitor(
    _scan,
    Bucket(_settings.artifacts_bucket),
    Topic(_settings.alert_topic_arn),
    Telemetry(SERVICE),
    Limits(
        least_rows=_settings.fairness_least_rows,
        error_gap=_settings.fairness_error_gap,
        selection_gap=_settings.fairness_selection_gap,
    ),
)
