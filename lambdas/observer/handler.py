"""The decision log's DynamoDB stream, for every service: into the observations."""

from __future__ import annotations

import msgspec

from lambdas.core.aws import Bucket
from lambdas.core.errors import SettingsError
from lambdas.core.settings import load
from lambdas.core.telemetry import Telemetry
from lambdas.observer.observer import Observer


class ObserverSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the observer needs; `low_confidence` is JSON: by service, the least average confidence."""

    artifacts_bucket: str
    low_confidence: str = "{}"


def bounds_of(raw: str) -> dict[str, float]:
    """The bounds of an environment variable's JSON. Raises SettingsError."""
    try:
        return msgspec.json.decode(raw, type=dict[str, float])
    except msgspec.DecodeError as error:
        raise SettingsError(f"LOW_CONFIDENCE is no JSON of numbers by service: {error}") from error


_settings = load(ObserverSettings)
handle = Observer(
    Bucket(_settings.artifacts_bucket), Telemetry("observer"), bounds_of(_settings.low_confidence)
)
