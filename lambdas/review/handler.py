"""The routes of the review queue, of appeals and of signing in."""

from __future__ import annotations

from lambdas.core.aws import Bucket, Dynamo, Json, Queue
from lambdas.core.decision_log import DecisionLog
from lambdas.core.http import Api, Asked, Route
from lambdas.core.labelling import Labelling
from lambdas.core.settings import load
from lambdas.core.telemetry import Telemetry
from lambdas.review.appeals import Appeals
from lambdas.review.claims import Claims
from lambdas.review.desk import Desk
from lambdas.review.item import Item
from lambdas.review.meaning import decode_outcomes
from lambdas.review.media import Media
from lambdas.review.moves import Moves
from lambdas.review.opened import Opener
from lambdas.review.schema import (
    AppealRequest,
    AppealResponse,
    ClaimRequest,
    NoteRequest,
    SignInRequest,
    SignInResponse,
    VerdictRequest,
)
from lambdas.review.settings import ReviewSettings
from lambdas.review.sign_in import SignIn
from lambdas.review.tables import Tables
from lambdas.review.verdicts import Verdicts

_settings = load(ReviewSettings)
_telemetry = Telemetry("review")
_services = [name.strip() for name in _settings.services.split(",") if name.strip()]
_outcomes = decode_outcomes(_settings.label_outcomes)
_dynamo = Dynamo(timeout=2.0)


def _told(item: Item) -> None:
    """The head of the chain in the log too, where who can write the tables cannot change it."""
    _telemetry.log.info("audit", extra={"review": item.id, "seq": item.seq, "hash": item.hash})


_tables = Tables(_dynamo, reviews=_settings.reviews_table, audit=_settings.audit_table, told=_told)
_log = DecisionLog(_settings.decisions_table, _dynamo, ttl_days=0)
_labelling = Labelling(_log, Bucket(_settings.artifacts_bucket), Queue(_settings.label_queue_url))
_links = Bucket(_settings.uploads_bucket) if _settings.uploads_bucket else None
_appeals = Appeals(_tables, _log, outcomes=_outcomes)
_sign_in = SignIn(
    Json("cognito-idp", "AWSCognitoIdentityProviderService", version="1.1", timeout=5.0, signed=False),
    _settings.reviewer_client_id,
)
_desk = Desk(
    tables=_tables,
    claims=Claims(_tables, _services, minutes=_settings.claim_minutes),
    moves=Moves(_tables),
    verdicts=Verdicts(
        _tables, _log, _labelling, outcomes=_outcomes, second_share=_settings.second_opinion_share
    ),
    opener=Opener(_tables, _log, _labelling, Media(_links, seconds=_settings.media_link_seconds)),
    services=_services,
    client=_settings.reviewer_client_id,
)


def _signed_in(asked: Asked) -> SignInResponse:
    return _sign_in.step(asked.body)


def _appealed(asked: Asked) -> AppealResponse:
    return _appeals.file(asked.path["id"], asked.body)


def _appeal(asked: Asked) -> AppealResponse:
    return _appeals.state(asked.path["id"])


handle = Api(
    {
        ("GET", "/v1/reviews"): Route(None, _desk.list),
        ("POST", "/v1/reviews:claim"): Route(ClaimRequest, _desk.claim),
        ("GET", "/v1/reviews/agreement"): Route(None, _desk.agreement),
        ("GET", "/v1/reviews/quality"): Route(None, _desk.quality),
        ("GET", "/v1/reviews/{id}"): Route(None, _desk.show),
        ("POST", "/v1/reviews/{id}/verdict"): Route(VerdictRequest, _desk.verdict),
        ("POST", "/v1/reviews/{id}/skip"): Route(NoteRequest, _desk.skip),
        ("POST", "/v1/reviews/{id}/escalate"): Route(NoteRequest, _desk.escalate),
        ("POST", "/v1/reviews/{id}/release"): Route(NoteRequest, _desk.release),
        ("POST", "/v1/decisions/{id}/appeal"): Route(AppealRequest, _appealed),
        ("GET", "/v1/decisions/{id}/appeal"): Route(None, _appeal),
        ("POST", "/v1/reviewers:signIn"): Route(SignInRequest, _signed_in),
    },
    _telemetry,
)
