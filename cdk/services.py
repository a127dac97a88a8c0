"""The one place where services are listed. A new service is one more entry in `SERVICES`."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.catalog.schema import ModelsResponse
from lambdas.tickets.schema import (
    ClassifyBatchRequest,
    ClassifyBatchResponse,
    TicketDecision,
    TicketRequest,
)


@dataclass(frozen=True)
class Route:
    """One public route. `request` and `response` are msgspec types; without one there is no body to check.

    `share` is the part of the usage plan's rate this route may take, 0 to 1.
    """

    method: str
    path: str
    summary: str
    response: type | None = None
    request: type | None = None
    share: float = 1.0


@dataclass(frozen=True)
class Service:
    """A function behind the API and its routes.

    One that is in `SERVICES` has bundles, writes to the decision log and gets the alarms on confidence
    and fallbacks. `low_confidence` is the average confidence below which people should look.
    """

    name: str
    handler: str
    routes: tuple[Route, ...]
    memory_mb: int = 1024
    timeout_seconds: int = 15
    low_confidence: float = 0.6


SERVICES: tuple[Service, ...] = (
    Service(
        name="tickets",
        handler="lambdas.tickets.handler.handle",
        routes=(
            Route(
                "POST",
                "/v1/tickets:classify",
                "Route one support ticket",
                request=TicketRequest,
                response=TicketDecision,
            ),
            Route(
                "POST",
                "/v1/tickets:classifyBatch",
                "Route up to 100 support tickets in one call",
                request=ClassifyBatchRequest,
                response=ClassifyBatchResponse,
                share=0.5,
            ),
        ),
    ),
)

CATALOG = Service(
    name="catalog",
    handler="lambdas.catalog.handler.handle",
    memory_mb=256,
    timeout_seconds=10,
    routes=(
        Route(
            "GET",
            "/v1/models",
            "What is live: the bundles of each service",
            response=ModelsResponse,
            share=0.25,
        ),
        Route("GET", "/v1/openapi.json", "This API as an OpenAPI document", share=0.25),
    ),
)


def behind_the_api() -> tuple[Service, ...]:
    """Every function behind the API: the services, and the catalog that describes them."""
    return (*SERVICES, CATALOG)
