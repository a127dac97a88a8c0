"""Signing in: Cognito's own sign-in, passed on, so that the page talks to one origin only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from lambdas.core.aws import kind_of
from lambdas.core.errors import (
    DependencyDown,
    Forbidden,
    InvalidRequest,
    TooManyRequests,
    TriageError,
    Unauthorized,
)
from lambdas.review.schema import SignInRequest, SignInResponse

_CHALLENGES: Final = {"NEW_PASSWORD_REQUIRED": "new_password", "SOFTWARE_TOKEN_MFA": "code"}


class Cognito(Protocol):
    """Cognito's JSON protocol; `lambdas.core.aws.Json`."""

    def ask(self, operation: str, request: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the decoded answer, errors too. Raises DependencyDown."""
        ...


class SignIn:
    """Signs people in to the app client `client`, which has no secret."""

    def __init__(self, cognito: Cognito, client: str) -> None:
        self._cognito = cognito
        self._client = client

    def step(self, asked: SignInRequest) -> SignInResponse:
        """Tokens, or what is to be answered next.

        Raises InvalidRequest for a step that is none or a password that is too weak, Unauthorized, Forbidden
        for an account that must be mended by an administrator, TooManyRequests, DependencyDown.
        """
        if asked.refresh_token:
            return self._ask(
                "InitiateAuth",
                AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": asked.refresh_token},
            )
        if not asked.email:
            raise InvalidRequest("send the email, or a refresh_token", field="email")
        if asked.session and asked.new_password:
            return self._answer("NEW_PASSWORD_REQUIRED", asked, NEW_PASSWORD=asked.new_password)
        if asked.session and asked.code:
            return self._answer("SOFTWARE_TOKEN_MFA", asked, SOFTWARE_TOKEN_MFA_CODE=asked.code)
        if not asked.password:
            raise InvalidRequest(
                "send the password, or the session with new_password or code", field="password"
            )
        return self._ask(
            "InitiateAuth",
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": asked.email, "PASSWORD": asked.password},
        )

    def _answer(self, challenge: str, asked: SignInRequest, **answers: str) -> SignInResponse:
        return self._ask(
            "RespondToAuthChallenge",
            ChallengeName=challenge,
            Session=asked.session,
            ChallengeResponses={"USERNAME": asked.email, **answers},
        )

    def _ask(self, operation: str, **request: Any) -> SignInResponse:
        status, answer = self._cognito.ask(operation, {"ClientId": self._client, **request})
        if status != 200:
            raise _error(status, answer)
        result = answer.get("AuthenticationResult")
        if result:
            return SignInResponse(
                id_token=result["IdToken"],
                refresh_token=result.get("RefreshToken"),
                expires_in=int(result["ExpiresIn"]),
            )
        challenge = _CHALLENGES.get(str(answer.get("ChallengeName")))
        if challenge is None:
            raise Forbidden(f"this page cannot answer {answer.get('ChallengeName')}: ask your administrator")
        return SignInResponse(challenge=challenge, session=answer.get("Session"))  # type: ignore[arg-type]


_REFUSALS: Final[dict[str, tuple[type[TriageError], str, str | None]]] = {
    "NotAuthorizedException": (Unauthorized, "wrong email or password, or the session has ended", None),
    "UserNotFoundException": (Unauthorized, "wrong email or password, or the session has ended", None),
    "CodeMismatchException": (Unauthorized, "this code is not the right one, or not any more", "code"),
    "ExpiredCodeException": (Unauthorized, "this code is not the right one, or not any more", "code"),
    "InvalidPasswordException": (InvalidRequest, "this password is too weak", "new_password"),
    "InvalidParameterException": (InvalidRequest, "Cognito cannot use this", None),
    "PasswordResetRequiredException": (Forbidden, "your password was reset: ask for a new one", None),
    "UserNotConfirmedException": (Forbidden, "your account is not confirmed yet: ask for it", None),
    "TooManyRequestsException": (TooManyRequests, "too many tries: wait a little", None),
    "LimitExceededException": (TooManyRequests, "too many tries: wait a little", None),
}
"""Cognito's refusals as ours, with what is said and the field. They never say whether an address is known."""


def _error(status: int, answer: Mapping[str, Any]) -> TriageError:
    """What Cognito's refusal means to the one who signs in."""
    kind, why = kind_of(answer), str(answer.get("message") or answer.get("Message") or "")
    if kind not in _REFUSALS:
        return DependencyDown(f"cognito answered {status} {kind}: {why}")
    error, words, field = _REFUSALS[kind]
    return error(f"{words}: {why}" if error is InvalidRequest and why else words, field=field)
