"""POST /v1/tickets:classify and POST /v1/tickets:classifyBatch."""

# ruff: noqa: E402 - the bundle is on its way while the rest is imported

from __future__ import annotations

from lambdas.core.prefetch import prefetch

prefetch("tickets")

import lambdas.core.model  # noqa: F401, I001 - first: the graph is opened as soon as this is there

from lambdas.core.function import decision_function
from lambdas.core.http import Api, Asked, Route
from lambdas.tickets.schema import ClassifyBatchRequest, ClassifyBatchResponse, TicketDecision, TicketRequest
from lambdas.tickets.service import Tickets

_decider, _telemetry = decision_function(Tickets())


def _classify(asked: Asked) -> TicketDecision:
    return _decider.decide([asked.body])[0]


def _classify_batch(asked: Asked) -> ClassifyBatchResponse:
    return ClassifyBatchResponse(_decider.decide(asked.body.tickets))


handle = Api(
    {
        ("POST", "/v1/tickets:classify"): Route(TicketRequest, _classify),
        ("POST", "/v1/tickets:classifyBatch"): Route(ClassifyBatchRequest, _classify_batch),
    },
    _telemetry,
)
