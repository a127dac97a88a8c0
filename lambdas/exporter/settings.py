"""What the exporter needs of its environment."""

from __future__ import annotations

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0.0)]


class ExporterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`services` is a comma-separated list, `label_outcomes` JSON: service -> label -> outcome.

    `metrics_key_id` is the API key whose value opens the route. What is live, and
    the drift report, are looked at every `exporter_refresh_seconds` at most; a scrape reads decisions for
    `exporter_read_seconds` at most; a day goes on for `exporter_grace_seconds` after its midnight.
    """

    artifacts_bucket: str
    services: str
    metrics_key_id: str
    label_outcomes: str = "{}"
    exporter_refresh_seconds: Seconds = 60.0
    exporter_read_seconds: Seconds = 8.0
    exporter_grace_seconds: Seconds = 600.0
