"""POST /v1/content:moderate, POST /v1/content/uploads, GET /v1/content/{id} and its explanation."""

# ruff: noqa: E402 - the bundle is on its way while the rest is imported

from __future__ import annotations

from lambdas.core.prefetch import prefetch

prefetch("content")

import lambdas.core.model  # noqa: F401, I001 - first: the graph is opened as soon as this is there

from lambdas.content.explanation import Explainer
from lambdas.content.finding import Finder
from lambdas.content.schema import ContentDecision, ContentRequest, UploadRequest
from lambdas.content.serving import live_service
from lambdas.content.uploads import Uploads, check_keys
from lambdas.core.function import decision_function
from lambdas.core.http import Api, Asked, Route
from lambdas.core.people import for_reviewers

_parts = live_service()
_decider, _telemetry = decision_function(_parts.service)
_finder = Finder(_decider.log)
_explainer = Explainer(_finder, _decider.store, _parts.media)


def _moderate(asked: Asked) -> ContentDecision:
    check_keys(asked.body, asked.caller)
    return _decider.decide([asked.body])[0]


handle = Api(
    {
        ("POST", "/v1/content:moderate"): Route(ContentRequest, _moderate),
        ("POST", "/v1/content/uploads"): Route(UploadRequest, Uploads(_parts.uploads)),
        ("GET", "/v1/content/{id}"): Route(None, _finder),
        ("GET", "/v1/content/{id}/explanation"): Route(None, _explainer),
        ("GET", "/v1/reviews/content/{id}/explanation"): Route(None, for_reviewers(_explainer)),
    },
    _telemetry,
)
