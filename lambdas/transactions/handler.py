"""POST /v1/transactions:score and :scoreBatch, and the explanation, for programs and for reviewers."""

# ruff: noqa: E402 - the bundle is on its way while the rest is imported

from __future__ import annotations

from lambdas.core.prefetch import prefetch

prefetch("transactions")

from lambdas.core.function import decision_function
from lambdas.core.http import Api, Asked, Route
from lambdas.core.people import for_reviewers
from lambdas.transactions.explanation import Explainer
from lambdas.transactions.schema import (
    ScoreBatchRequest,
    ScoreBatchResponse,
    TransactionDecision,
    TransactionRequest,
)
from lambdas.transactions.serving import live_service

_decider, _telemetry = decision_function(live_service())
_explainer = Explainer(_decider.log, _decider.store)


def _score(asked: Asked) -> TransactionDecision:
    return _decider.decide([asked.body])[0]


def _score_batch(asked: Asked) -> ScoreBatchResponse:
    return ScoreBatchResponse(_decider.decide(asked.body.transactions))


handle = Api(
    {
        ("POST", "/v1/transactions:score"): Route(TransactionRequest, _score),
        ("POST", "/v1/transactions:scoreBatch"): Route(ScoreBatchRequest, _score_batch),
        ("GET", "/v1/transactions/{id}/explanation"): Route(None, _explainer),
        ("GET", "/v1/reviews/transactions/{id}/explanation"): Route(None, for_reviewers(_explainer)),
    },
    _telemetry,
)
