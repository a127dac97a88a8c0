"""POST /v1/tickets:classify and POST /v1/tickets:classifyBatch."""

from __future__ import annotations

from lambdas.core.function import decision_function
from lambdas.core.http import Api, Route
from lambdas.tickets.schema import ClassifyBatchRequest, ClassifyBatchResponse, TicketDecision, TicketRequest
from lambdas.tickets.service import Tickets

_decider, _telemetry = decision_function(Tickets())


def _classify(ticket: TicketRequest) -> TicketDecision:
    return _decider.decide([ticket])[0]


def _classify_batch(batch: ClassifyBatchRequest) -> ClassifyBatchResponse:
    return ClassifyBatchResponse(_decider.decide(batch.tickets))


handle = Api(
    {
        ("POST", "/v1/tickets:classify"): Route(TicketRequest, _classify),
        ("POST", "/v1/tickets:classifyBatch"): Route(ClassifyBatchRequest, _classify_batch),
    },
    _telemetry,
)
