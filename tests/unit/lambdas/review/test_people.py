"""Who asks, and how they sign in: from verified claims and Cognito's answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdas.core.errors import (
    DependencyDown,
    Forbidden,
    InvalidRequest,
    TooManyRequests,
    TriageError,
    Unauthorized,
)
from lambdas.review.media import Media
from lambdas.review.reviewer import Reviewer, reviewer_of
from lambdas.review.schema import SignInRequest
from lambdas.review.sign_in import SignIn

CLAIMS = {"token_use": "id", "aud": "client", "email": "ana@example.com", "cognito:groups": "[reviewers]"}


@pytest.mark.parametrize(
    ("groups", "lead"),
    [
        ("[reviewers]", False), ("reviewers", False), ("[leads reviewers]", True), ("reviewers,leads", True),
        ("leads", True), ("['leads', 'reviewers']", True), ("[us-east-1_x.Google reviewers]", False),
    ],
)  # fmt: skip
def test_a_reviewer_by_whatever_shape_the_groups_come_in(groups: str, lead: bool) -> None:
    assert reviewer_of({**CLAIMS, "cognito:groups": groups}, "client") == Reviewer("ana@example.com", lead)


@pytest.mark.parametrize(
    "changed", [{"token_use": "access"}, {"aud": "other"}, {"email": ""}, {"token_use": ""}]
)
def test_another_token_is_no_sign_in(changed: dict[str, str]) -> None:
    with pytest.raises(Unauthorized):
        reviewer_of({**CLAIMS, **changed}, "client")
    with pytest.raises(Unauthorized):
        reviewer_of({}, "client")


@pytest.mark.parametrize("groups", ["", "[]", "[misleads]", "leads2", "[re-viewers]"])
def test_who_is_in_no_group_is_no_reviewer(groups: str) -> None:
    with pytest.raises(Forbidden):
        reviewer_of({**CLAIMS, "cognito:groups": groups}, "client")


class Cognito:
    """Answers as Cognito does, and keeps what it was asked."""

    def __init__(self, status: int, **answer: Any) -> None:
        self.answer = status, answer
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def ask(self, operation: str, request: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append((operation, request))
        return self.answer


TOKENS = {"AuthenticationResult": {"IdToken": "i", "RefreshToken": "r", "ExpiresIn": 3600}}


@pytest.mark.parametrize(
    ("step", "operation", "sent"),
    [
        (
            SignInRequest(email="a@b.c", password="p"),
            "InitiateAuth",
            {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "a@b.c", "PASSWORD": "p"}},
        ),
        (
            SignInRequest(refresh_token="r"),
            "InitiateAuth",
            {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "r"}},
        ),
        (
            SignInRequest(email="a@b.c", session="s", new_password="n"),
            "RespondToAuthChallenge",
            {
                "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s",
                "ChallengeResponses": {"USERNAME": "a@b.c", "NEW_PASSWORD": "n"},
            },
        ),
        (
            SignInRequest(email="a@b.c", session="s", code="123456"),
            "RespondToAuthChallenge",
            {
                "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s",
                "ChallengeResponses": {"USERNAME": "a@b.c", "SOFTWARE_TOKEN_MFA_CODE": "123456"},
            },
        ),
    ],
)  # fmt: skip
def test_each_step_is_asked_of_cognito(step: SignInRequest, operation: str, sent: dict[str, Any]) -> None:
    cognito = Cognito(200, **TOKENS)
    said = SignIn(cognito, "client").step(step)
    assert cognito.asked == [(operation, {"ClientId": "client", **sent})]
    assert (said.id_token, said.refresh_token, said.expires_in, said.challenge) == ("i", "r", 3600, None)


@pytest.mark.parametrize(
    ("name", "challenge"), [("NEW_PASSWORD_REQUIRED", "new_password"), ("SOFTWARE_TOKEN_MFA", "code")]
)
def test_a_challenge_is_passed_on(name: str, challenge: str) -> None:
    cognito = Cognito(200, ChallengeName=name, Session="s")
    said = SignIn(cognito, "client").step(SignInRequest(email="a@b.c", password="p"))
    assert (said.challenge, said.session, said.id_token) == (challenge, "s", None)


def test_a_challenge_that_the_page_does_not_know() -> None:
    with pytest.raises(Forbidden, match="SMS_MFA"):
        SignIn(Cognito(200, ChallengeName="SMS_MFA"), "c").step(SignInRequest(email="a@b.c", password="p"))


@pytest.mark.parametrize(
    ("kind", "error", "field"),
    [
        ("NotAuthorizedException", Unauthorized, None),
        ("UserNotFoundException", Unauthorized, None),
        ("com.amazonaws#CodeMismatchException", Unauthorized, "code"),
        ("InvalidPasswordException", InvalidRequest, "new_password"),
        ("PasswordResetRequiredException", Forbidden, None),
        ("TooManyRequestsException", TooManyRequests, None),
        ("InternalErrorException", DependencyDown, None),
    ],
)
def test_refusals(kind: str, error: type[TriageError], field: str | None) -> None:
    cognito = Cognito(400, __type=kind, message="the reason")
    with pytest.raises(error) as caught:
        SignIn(cognito, "client").step(SignInRequest(email="a@b.c", password="p"))
    assert caught.value.field == field
    assert ("the reason" in caught.value.detail) == (error in {InvalidRequest, DependencyDown})


def test_an_unknown_address_and_a_wrong_password_look_alike() -> None:
    said = []
    for kind in ("NotAuthorizedException", "UserNotFoundException"):
        with pytest.raises(Unauthorized) as caught:
            SignIn(Cognito(400, __type=kind), "c").step(SignInRequest(email="a@b.c", password="p"))
        said.append(caught.value.detail)
    assert said[0] == said[1]


@pytest.mark.parametrize("step", [SignInRequest(), SignInRequest(email="a@b.c"), SignInRequest(password="p")])
def test_what_is_no_step_is_not_asked_of_cognito(step: SignInRequest) -> None:
    cognito = Cognito(200, **TOKENS)
    with pytest.raises(InvalidRequest):
        SignIn(cognito, "client").step(step)
    assert cognito.asked == []


class Links:
    def link(self, key: str, *, seconds: int) -> str:
        return f"https://bucket/{key}?{seconds}"


def test_only_what_was_kept_for_the_decision_is_linked() -> None:
    media = Media(Links(), seconds=300, now=lambda: datetime(2026, 6, 1, tzinfo=UTC))
    asked = {
        "text": "hello", "image": {"key": "kept/content.a/image-1", "type": "image/png", "bytes": 7},
        "audio": {"key": "kept/content.b/audio-1", "type": "audio/wav", "bytes": 9}, "other": {"key": 5},
        "upload": {"key": "uploads/x"}, "attributes": {"region": "x"},
    }  # fmt: skip
    (link,) = media.of("content.a", asked)
    assert (link.name, link.type, link.bytes) == ("image", "image/png", 7)
    assert link.url == "https://bucket/kept/content.a/image-1?300"
    assert link.expires_at == "2026-06-01T00:05:00.000Z"
    assert Media(None, seconds=1).of("content.a", asked) == []
