"""POST /v1/transactions:score and :scoreBatch, and GET /v1/transactions/{id}/explanation."""

from __future__ import annotations

from lambdas.core.function import decision_function
from lambdas.core.http import Api, Asked, Route
from lambdas.transactions.explanation import Explainer
from lambdas.transactions.schema import (
    ScoreBatchRequest,
    ScoreBatchResponse,
    TransactionDecision,
    TransactionRequest,
)
from lambdas.transactions.serving import live_service

_decider, _telemetry = decision_function(live_service())


def _score(asked: Asked) -> TransactionDecision:
    return _decider.decide([asked.body])[0]


def _score_batch(asked: Asked) -> ScoreBatchResponse:
    return ScoreBatchResponse(_decider.decide(asked.body.transactions))


handle = Api(
    {
        ("POST", "/v1/transactions:score"): Route(TransactionRequest, _score),
        ("POST", "/v1/transactions:scoreBatch"): Route(ScoreBatchRequest, _score_batch),
        ("GET", "/v1/transactions/{id}/explanation"): Route(None, Explainer(_decider.log, _decider.store)),
    },
    _telemetry,
)
