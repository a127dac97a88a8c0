"""GET /v1/models: what is live. GET /v1/openapi.json: the API's own description."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lambdas.catalog.models import live_service
from lambdas.catalog.schema import ModelsResponse
from lambdas.core.aws import Bucket
from lambdas.core.errors import NotFound
from lambdas.core.http import Api, Route
from lambdas.core.settings import CatalogSettings, load
from lambdas.core.telemetry import Telemetry

OPENAPI = Path(__file__).with_name("openapi.json")

_settings = load(CatalogSettings)
_bucket = Bucket(_settings.artifacts_bucket)
_services = [name.strip() for name in _settings.services.split(",") if name.strip()]


def _models(_: None) -> ModelsResponse:
    return ModelsResponse([live_service(name, _bucket) for name in _services])


def _openapi(_: None) -> msgspec.Raw:
    if not OPENAPI.is_file():
        raise NotFound("openapi.json is not in this package: run `make openapi` and deploy again")
    return msgspec.Raw(OPENAPI.read_bytes())


handle = Api(
    {
        ("GET", "/v1/models"): Route(None, _models),
        ("GET", "/v1/openapi.json"): Route(None, _openapi),
    },
    Telemetry("catalog"),
)
