"""What API Gateway itself answers, as problem+json: the same shape the functions answer with."""

from __future__ import annotations

import json
from typing import NamedTuple

from aws_cdk import aws_apigateway as apigateway

# $context.error.messageString comes with its own quotes; this stands for it until the template is text.
_MESSAGE = "<message>"


class Answer(NamedTuple):
    """One kind of refusal: API Gateway's name for it, the status, title and detail of the answer."""

    kind: apigateway.ResponseType
    status: int
    title: str
    detail: str


def answers() -> tuple[Answer, ...]:
    """Every refusal that gets an answer of its own; the two defaults cover the rest."""
    kind = apigateway.ResponseType
    return (
        Answer(kind.DEFAULT_4_XX, 400, "Request refused", _MESSAGE),
        Answer(kind.DEFAULT_5_XX, 500, "Internal error", "something went wrong on our side; try again later"),
        Answer(kind.BAD_REQUEST_BODY, 400, "Invalid request", "$context.error.validationErrorString"),
        Answer(kind.BAD_REQUEST_PARAMETERS, 400, "Invalid request", "$context.error.validationErrorString"),
        Answer(kind.UNAUTHORIZED, 401, "Unauthorized", "sign in, and send the id_token as a Bearer token"),
        Answer(kind.INVALID_API_KEY, 403, "Forbidden", "send a valid key in the x-api-key header"),
        Answer(kind.ACCESS_DENIED, 403, "Forbidden", _MESSAGE),
        # API Gateway's word for a path or method that does not exist.
        Answer(
            kind.MISSING_AUTHENTICATION_TOKEN,
            404,
            "Not found",
            "there is no such route; see /v1/openapi.json",
        ),
        Answer(kind.REQUEST_TOO_LARGE, 413, "Payload too large", "the body is over the limit of 10 MB"),
        Answer(kind.UNSUPPORTED_MEDIA_TYPE, 415, "Unsupported media type", "send application/json"),
        Answer(kind.THROTTLED, 429, "Too many requests", "the rate limit is reached; try again in a second"),
        Answer(kind.QUOTA_EXCEEDED, 429, "Too many requests", "the key's monthly quota is used up"),
        Answer(
            kind.INTEGRATION_FAILURE, 502, "Bad gateway", "the service did not answer properly; try again"
        ),
        Answer(
            kind.INTEGRATION_TIMEOUT, 504, "Gateway timeout", "the service did not answer in time; try again"
        ),
    )


def add_gateway_responses(api: apigateway.RestApi) -> None:
    """Give `api` an answer for every refusal."""
    for answer in answers():
        api.add_gateway_response(
            f"Answer{answer.kind.response_type}",
            type=answer.kind,
            # The defaults stand for many statuses, so they leave each its own.
            status_code=None if answer.kind.response_type.startswith("DEFAULT_") else str(answer.status),
            response_headers={
                "Content-Type": "'application/problem+json'",
                "Cache-Control": "'no-store'",
                **({"Retry-After": "'1'"} if answer.kind.response_type == "THROTTLED" else {}),
            },
            templates={"application/json": body(answer)},
        )


def body(answer: Answer) -> str:
    """The template of `answer`: JSON with variables in it, which is all that gateway responses know."""
    fixed = not answer.kind.response_type.startswith("DEFAULT_")
    text = json.dumps(
        {
            "type": "about:blank",
            "title": answer.title,
            **({"status": answer.status} if fixed else {}),
            "detail": answer.detail,
            "request_id": "$context.requestId",
        }
    )
    return text.replace(json.dumps(_MESSAGE), "$context.error.messageString")
