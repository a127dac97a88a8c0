"""From an API Gateway proxy event to a typed request, and from an answer or an error to a response."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from lambdas.core.errors import InvalidRequest, MethodNotAllowed, NotFound, PayloadTooLarge, TriageError
from lambdas.core.schema import Problem
from lambdas.core.telemetry import Telemetry

MAX_BODY = 5_000_000  # bytes; Lambda itself takes 6 MB
JSON = "application/json"
PROBLEM = "application/problem+json"

_AT = re.compile(r" - at `(?P<path>[^`]*)`$")
_INDEX = re.compile(r"\[[^\]]*\]")
_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")

Event = Mapping[str, Any]
Response = dict[str, Any]


class Asked(NamedTuple):
    """What a route's call gets: the decoded body (None without a request type) and what stood around it.

    The names of `headers` are lower-case. `caller` tells the API keys apart, None on a route
    without one; `who` are the claims of the user who has signed in, empty where nobody has to.
    """

    body: Any
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    caller: str | None = None
    who: Mapping[str, str] = {}


class Content(NamedTuple):
    """An answer that is sent as it is, not as JSON; bytes go through API Gateway as base64."""

    body: str | bytes
    type: str


class Route(NamedTuple):
    """A handler of one route, with the type of its body."""

    request: type | None
    call: Callable[[Asked], object]


Routes = Mapping[tuple[str, str], Route]
"""Routes by (method, API Gateway resource), for example ("POST", "/v1/tickets:classify")."""


class Api:
    """A Lambda handler over `routes`."""

    def __init__(self, routes: Routes, telemetry: Telemetry) -> None:
        self._routes = routes
        self._telemetry = telemetry
        self._decoders: dict[tuple[str, str], msgspec.json.Decoder[Any]] = {
            key: msgspec.json.Decoder(route.request) for key, route in routes.items() if route.request
        }

    def __call__(self, event: Event, context: Any) -> Response:
        """The proxy response to `event`: never a stack trace, a 4xx for what the caller can mend."""
        self._telemetry.request(context)
        try:
            answer = self._answer(event)
            if isinstance(answer, Content):
                return respond(200, answer.body, answer.type)
            return respond(200, msgspec.json.encode(answer).decode(), JSON)
        except TriageError as error:
            return self._refuse(error, event)
        except Exception:  # the outermost boundary: the caller gets a clean 500, the log the trace
            self._telemetry.log.exception("unexpected error")
            return self._refuse(TriageError("something went wrong on our side; it has been logged"), event)
        finally:
            self._telemetry.flush()

    def _answer(self, event: Event) -> object:
        key = (str(event.get("httpMethod")), str(event.get("resource")))
        route = self._routes.get(key)
        if route is None:
            if any(resource == key[1] for _, resource in self._routes):
                raise MethodNotAllowed(f"{key[0]} is not offered here")
            raise NotFound(f"there is no {key[0]} {key[1]}")
        decoder = self._decoders.get(key)
        return route.call(_asked(event, decode(decoder, body_of(event)) if decoder else None))

    def _refuse(self, error: TriageError, event: Event) -> Response:
        if 400 <= error.status < 500:
            self._telemetry.bad_request(error.status, error.detail, error.field)
        problem = Problem(
            title=error.title,
            status=error.status,
            detail=error.detail,
            field=error.field,
            request_id=(event.get("requestContext") or {}).get("requestId"),
        )
        return respond(error.status, msgspec.json.encode(problem).decode(), PROBLEM, error.headers)


def _asked(event: Event, body: Any) -> Asked:
    headers = event.get("headers") or {}
    context = event.get("requestContext") or {}
    claims = (context.get("authorizer") or {}).get("claims") or {}
    lowered = {name.lower(): value for name, value in headers.items()}
    return Asked(
        body,
        path=event.get("pathParameters") or {},
        query=event.get("queryStringParameters") or {},
        headers=lowered,
        caller=_caller((context.get("identity") or {}).get("apiKeyId"), lowered.get("x-api-key")),
        who={str(name): str(value) for name, value in claims.items()},
    )


def _caller(key_id: str | None, key: str | None) -> str | None:
    """The key's id; where the gateway does not say it, as the embedded AWS does not, a hash of the key."""
    if key_id or not key:
        return key_id or None
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:20]


def body_of(event: Event) -> bytes:
    """The body's bytes; raises InvalidRequest without one, PayloadTooLarge over MAX_BODY."""
    body = event.get("body")
    if not body:
        raise InvalidRequest("the body is empty: send a JSON object", field="$")
    if event.get("isBase64Encoded"):
        try:
            raw = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidRequest("the body is not valid base64", field="$") from error
    else:
        raw = str(body).encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BODY:
        raise PayloadTooLarge(f"the body has {len(raw)} bytes, the limit is {MAX_BODY}", field="$")
    return raw


def decode(decoder: msgspec.json.Decoder[Any], raw: bytes) -> Any:
    """`raw` as the decoder's type; raises InvalidRequest that names the field."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        detail, field = explain(str(error))
        if detail.startswith("Invalid enum value") and (words := allowed(decoder.type, field)):
            detail = f"{detail}, allowed are {', '.join(map(repr, words))}"
        raise InvalidRequest(detail, field=field) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"the body is not JSON in UTF-8: {error}", field="$") from error


def explain(message: str) -> tuple[str, str]:
    """A msgspec validation message as (detail, the field's path such as `tickets[3].body`)."""
    at = _AT.search(message)
    path = at["path"].removeprefix("$").lstrip(".") if at else ""
    detail = message[: at.start()] if at else message
    named = _UNKNOWN.search(message) or _MISSING.search(message)
    if named:
        path = f"{path}.{named['name']}" if path else named["name"]
    return detail.replace("`", "'"), path or "$"


def allowed(kind: Any, path: str) -> list[Any]:
    """The values of the Literal at `path`, as `explain` gives it, in `kind`; none where there is none."""
    kinds = _parts(kind)
    for name in filter(None, _INDEX.sub("", path.removeprefix("$")).split(".")):
        structs = [each for each in kinds if isinstance(each, type) and issubclass(each, msgspec.Struct)]
        fields = [field for each in structs for field in msgspec.structs.fields(each)]
        kinds = [part for field in fields if field.encode_name == name for part in _parts(field.type)]
    return [value for each in kinds if get_origin(each) is Literal for value in get_args(each)]


def _parts(kind: Any) -> list[Any]:
    """What a list, union or annotated type is made of, down to structs, plain types and Literals."""
    if get_origin(kind) is Literal or not get_args(kind):
        return [kind]
    return [part for each in get_args(kind) for part in _parts(each)]


def respond(
    status: int, body: str | bytes, content_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An API Gateway proxy response; bytes in base64, which it undoes for the types it knows as binary."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, "Cache-Control": "no-store", **(headers or {})},
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": isinstance(body, bytes),
    }
