"""The one place where services are listed. A new service is one more entry in `SERVICES`."""

from __future__ import annotations

from cdk.service import Route, Service, Worker
from lambdas.catalog.schema import ModelsResponse
from lambdas.content.explained import ContentExplanation
from lambdas.content.schema import ContentDecision, ContentRequest, UploadForm, UploadRequest
from lambdas.labels.schema import LabelRequest, LabelResponse
from lambdas.review.schema import (
    ActionResponse,
    AgreementResponse,
    AppealRequest,
    AppealResponse,
    ClaimRequest,
    ClaimResponse,
    NoteRequest,
    QualityResponse,
    Review,
    ReviewList,
    SignInRequest,
    SignInResponse,
    VerdictRequest,
)
from lambdas.tickets.schema import (
    ClassifyBatchRequest,
    ClassifyBatchResponse,
    TicketDecision,
    TicketRequest,
)
from lambdas.transactions.explanation import Explanation
from lambdas.transactions.schema import (
    ScoreBatchRequest,
    ScoreBatchResponse,
    TransactionDecision,
    TransactionRequest,
)

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
    Service(
        name="transactions",
        handler="lambdas.transactions.handler.handle",
        routes=(
            Route(
                "POST",
                "/v1/transactions:score",
                "Score one card transaction",
                request=TransactionRequest,
                response=TransactionDecision,
            ),
            Route(
                "POST",
                "/v1/transactions:scoreBatch",
                "Score up to 100 card transactions in one call",
                request=ScoreBatchRequest,
                response=ScoreBatchResponse,
                share=0.5,
            ),
            Route(
                "GET",
                "/v1/transactions/{id}/explanation",
                "Why a transaction was decided as it was: Shapley values and a waterfall plot",
                response=Explanation,
                other_type="image/svg+xml",
                share=0.25,
            ),
            Route(
                "GET",
                "/v1/reviews/transactions/{id}/explanation",
                "The same for the person who reviews it",
                response=Explanation,
                auth="reviewer",
            ),
        ),
        feature_store=True,
        catch_up=Worker("lambdas.transactions.catch_up.handle", memory_mb=512, timeout_seconds=10),
        stream=Worker("lambdas.transactions.stream.handle"),
        learner=Worker("lambdas.transactions.learning.handler.handle", timeout_seconds=60),
        looks_back=True,
        label_outcomes={"legitimate": "approve", "fraud": "decline"},
    ),
    Service(
        name="content",
        handler="lambdas.content.handler.handle",
        memory_mb=1769,
        timeout_seconds=28,
        routes=(
            Route(
                "POST",
                "/v1/content:moderate",
                "Judge one post: a text, an image, a sound, or several of them",
                request=ContentRequest,
                response=ContentDecision,
            ),
            Route(
                "POST",
                "/v1/content/uploads",
                "Get a form that uploads one image or sound",
                request=UploadRequest,
                response=UploadForm,
                share=0.5,
            ),
            Route(
                "GET",
                "/v1/content/{id}",
                "A post's decision as it stands, once its speech is transcribed too",
                response=ContentDecision,
            ),
            Route(
                "GET",
                "/v1/content/{id}/explanation",
                "Why a post was decided as it was: words, a heat map of the image, the transcript",
                response=ContentExplanation,
                other_type="image/png",
                share=0.25,
                query=("policy",),
            ),
            Route(
                "GET",
                "/v1/reviews/content/{id}/explanation",
                "The same for the person who reviews it",
                response=ContentExplanation,
                auth="reviewer",
                query=("policy",),
            ),
        ),
        media=True,
        later=Worker("lambdas.content.later_handler.handle", memory_mb=1769, timeout_seconds=120),
        looks_back=True,
        label_outcomes={"ok": "allow", "*": "remove"},
    ),
)

OUTFLOW = Worker("lambdas.outflow.handler.handle", memory_mb=256, timeout_seconds=60)
"""Takes the decisions that are marked for people into their queue, and publishes those worth an alert."""

LABELS = Service(
    name="labels",
    handler="lambdas.labels.handler.handle",
    memory_mb=256,
    timeout_seconds=10,
    routes=(
        Route(
            "POST",
            "/v1/decisions/{id}/label",
            "Say what the item of a decision really was",
            request=LabelRequest,
            response=LabelResponse,
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


REVIEW = Service(
    name="review",
    handler="lambdas.review.handler.handle",
    memory_mb=512,
    timeout_seconds=15,
    routes=(
        Route(
            "GET",
            "/v1/reviews",
            "What waits for people, in the order in which it is handed out",
            response=ReviewList,
            auth="reviewer",
            query=("service", "kind", "state", "limit", "cursor"),
        ),
        Route(
            "POST",
            "/v1/reviews:claim",
            "Take the next item, or a certain one, for a quarter of an hour",
            request=ClaimRequest,
            response=ClaimResponse,
            auth="reviewer",
        ),
        Route(
            "GET",
            "/v1/reviews/agreement",
            "How well two people agree, by service: Cohen's kappa",
            response=AgreementResponse,
            auth="reviewer",
        ),
        Route(
            "GET",
            "/v1/reviews/quality",
            "How often people would have decided a clear decision otherwise, by service",
            response=QualityResponse,
            auth="reviewer",
        ),
        Route(
            "GET",
            "/v1/reviews/{id}",
            "One item whole: what it is about, what was answered, its media and its history",
            response=Review,
            auth="reviewer",
        ),
        Route(
            "POST",
            "/v1/reviews/{id}/verdict",
            "Say what a claimed item is, or rule on an appeal",
            request=VerdictRequest,
            response=ActionResponse,
            auth="reviewer",
        ),
        Route(
            "POST",
            "/v1/reviews/{id}/skip",
            "Put a claimed item back, and not get it again soon",
            request=NoteRequest,
            response=ActionResponse,
            auth="reviewer",
        ),
        Route(
            "POST",
            "/v1/reviews/{id}/escalate",
            "Pass a claimed item on to a lead",
            request=NoteRequest,
            response=ActionResponse,
            auth="reviewer",
        ),
        Route(
            "POST",
            "/v1/reviews/{id}/release",
            "Put a claimed item back",
            request=NoteRequest,
            response=ActionResponse,
            auth="reviewer",
        ),
        Route(
            "POST",
            "/v1/decisions/{id}/appeal",
            "Object to a decision",
            request=AppealRequest,
            response=AppealResponse,
            share=0.25,
        ),
        Route(
            "GET",
            "/v1/decisions/{id}/appeal",
            "What became of the newest objection to a decision",
            response=AppealResponse,
        ),
        Route(
            "POST",
            "/v1/reviewers:signIn",
            "Sign in as a reviewer, a step at a time",
            request=SignInRequest,
            response=SignInResponse,
            share=0.25,
            auth="none",
        ),
    ),
)

CONSOLE = Service(
    name="console",
    handler="lambdas.console.handler.handle",
    memory_mb=256,
    timeout_seconds=10,
    routes=(
        Route("GET", "/console", "The reviewers' page", other_type="text/html", auth="none"),
        Route("GET", "/console/{file}", "A file of the page", other_type="text/javascript", auth="none"),
    ),
)

EXPORTER = Service(
    name="exporter",
    handler="lambdas.exporter.handler.handle",
    timeout_seconds=15,
    routes=(
        Route(
            "GET",
            "/metrics",
            "What Prometheus scrapes",
            other_type="text/plain",
            auth="token",
            share=0.25,
        ),
    ),
)
"""Only where it is asked for: it is not among what is always there (`behind_the_api`)."""


def behind_the_api() -> tuple[Service, ...]:
    """Every function behind the API: the services, what serves all of them, and the reviewers' page."""
    return (*SERVICES, LABELS, REVIEW, CATALOG, CONSOLE)
