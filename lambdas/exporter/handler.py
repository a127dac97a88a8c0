"""GET /metrics: what Prometheus scrapes."""

from __future__ import annotations

from lambdas.core.settings import load
from lambdas.exporter.serving import api
from lambdas.exporter.settings import ExporterSettings

handle = api(load(ExporterSettings))
