"""GET /v1/models: what is live. GET /v1/openapi.json: the API's own description."""

from __future__ import annotations

from pathlib import Path

from lambdas.catalog.models import live_service
from lambdas.catalog.schema import ModelsResponse
from lambdas.core.aws import Bucket
from lambdas.core.errors import NotFound
from lambdas.core.http import JSON, Api, Asked, Content, Route
from lambdas.core.settings import CatalogSettings, load
from lambdas.core.telemetry import Telemetry

OPENAPI = Path(__file__).with_name("openapi.json")

_settings = load(CatalogSettings)
_bucket = Bucket(_settings.artifacts_bucket)
_services = [name.strip() for name in _settings.services.split(",") if name.strip()]


def _models(_: Asked) -> ModelsResponse:
    return ModelsResponse([live_service(name, _bucket) for name in _services])


def _openapi(_: Asked) -> Content:
    if not OPENAPI.is_file():
        raise NotFound("openapi.json is not in this package: run `make openapi` and deploy again")
    return Content(OPENAPI.read_text("utf-8"), JSON)


handle = Api(
    {
        ("GET", "/v1/models"): Route(None, _models),
        ("GET", "/v1/openapi.json"): Route(None, _openapi),
    },
    Telemetry("catalog"),
)
