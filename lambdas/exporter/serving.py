"""The exporter behind its route."""

from __future__ import annotations

import msgspec

from lambdas.core.aws import Bucket
from lambdas.core.errors import SettingsError
from lambdas.core.http import Api, Asked, Content, Route
from lambdas.core.telemetry import Telemetry
from lambdas.exporter.exporter import Exporter, Timing
from lambdas.exporter.exposition import CONTENT_TYPE
from lambdas.exporter.gate import ApiKeys, Gate
from lambdas.exporter.settings import ExporterSettings


def api(settings: ExporterSettings) -> Api:
    """The function's handler."""
    telemetry = Telemetry("exporter")
    gate = Gate(settings.metrics_key_id, ApiKeys())
    exporter = Exporter(
        [name.strip() for name in settings.services.split(",") if name.strip()],
        lambda: Bucket(settings.artifacts_bucket, timeout=3.0),
        telemetry,
        outcomes=_outcomes(settings.label_outcomes),
        timing=Timing(
            settings.exporter_refresh_seconds,
            settings.exporter_read_seconds,
            settings.exporter_grace_seconds,
        ),
    )

    def metrics(asked: Asked) -> Content:
        gate.check(asked.headers)
        return Content(exporter.text(), CONTENT_TYPE)

    return Api({("GET", "/metrics"): Route(None, metrics)}, telemetry)


def _outcomes(text: str) -> dict[str, dict[str, str]]:
    try:
        return msgspec.json.decode(text, type=dict[str, dict[str, str]])
    except msgspec.DecodeError as error:
        raise SettingsError(f"LABEL_OUTCOMES: {error}") from error
