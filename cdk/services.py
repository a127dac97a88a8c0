"""The one place where services are listed. A new service is one more entry in `SERVICES`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

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

BINARY_TYPES = ("image/png",)
"""The types among the routes' `other_type` that are no text."""

Auth = Literal["key", "reviewer", "token", "none"]
"""Who may call a route: a program with an API key, a person who has signed in, a program whose Bearer token
the function checks, or anybody."""


@dataclass(frozen=True)
class Route:
    """One public route. `request` and `response` are msgspec types; without one there is no body to check.

    `share` is the part of the usage plan's rate this route may take, 0 to 1; one that anybody may post to,
    and one whose function checks a token, take that part for all their callers together. `{name}` in the
    path is a parameter, `query` names the others. `other_type` is what the route answers with beside JSON
    when `Accept` asks for it.
    """

    method: str
    path: str
    summary: str
    response: type | None = None
    request: type | None = None
    share: float = 1.0
    other_type: str | None = None
    auth: Auth = "key"
    query: tuple[str, ...] = ()

    @property
    def parameters(self) -> list[str]:
        """The names of the path's parameters."""
        return re.findall(r"\{(\w+)\}", self.path)


@dataclass(frozen=True)
class Worker:
    """A function that no caller waits for: it works off a queue or a stream."""

    handler: str
    memory_mb: int = 1024
    timeout_seconds: int = 30
    storage_mb: int = 512


@dataclass(frozen=True)
class Service:
    """A function behind the API and its routes.

    One that is in `SERVICES` has bundles, writes to the decision log and gets the alarms on confidence
    and fallbacks. `storage_mb` is its /tmp, where bundles and their assets lie: 512 cost nothing, 10,240 are
    the most. `low_confidence` is the average confidence below which people should look.

    What else a service may have: `feature_store`, where it keeps what it knows of an entity; `catch_up`,
    the worker of the queue of updates that waited for that store; `stream`, the worker that decides what
    comes on the service's stream; `learner`, the worker of the label queue, which one service may have;
    `media`, whether its items come with media that is uploaded and kept; `later`, the worker that finishes
    what a caller should not wait for; `looks_back`, whether its routes read the decision log;
    `label_outcomes`, the outcome that each of its labels stands for, `*` being every other label.
    """

    name: str
    handler: str
    routes: tuple[Route, ...]
    memory_mb: int = 1024
    storage_mb: int = 512
    timeout_seconds: int = 15
    low_confidence: float = 0.6
    feature_store: bool = False
    catch_up: Worker | None = None
    stream: Worker | None = None
    learner: Worker | None = None
    media: bool = False
    later: Worker | None = None
    looks_back: bool = False
    label_outcomes: Mapping[str, str] = field(default_factory=dict)


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
