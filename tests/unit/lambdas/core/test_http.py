"""At the door: bad input is a 4xx that names the field; nothing is ever a stack trace."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, Literal

import msgspec
import pytest

from lambdas.core.http import MAX_BODY, Api, Asked, Content, Route, allowed, explain
from tests.support.events import CONTEXT, fresh_telemetry, proxy_event


class Item(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(max_length=5)]
    count: int = 0
    kind: Annotated[Literal["image", "audio"] | None, msgspec.Meta(description="What it is.")] = None


class Box(msgspec.Struct, forbid_unknown_fields=True):
    items: list[Item]


def broken(_: Asked) -> object:
    raise ZeroDivisionError("secret detail")


@pytest.fixture
def api() -> Api:
    return Api(
        {
            ("POST", "/v1/box"): Route(Box, lambda asked: {"first": asked.body.items[0].name}),
            ("GET", "/v1/echo/{id}"): Route(None, lambda asked: asked._asdict()),
            ("GET", "/v1/drawing"): Route(None, lambda _: Content("<svg/>", "image/svg+xml")),
            ("GET", "/v1/picture"): Route(None, lambda _: Content(b"\x89PNG\xff", "image/png")),
            ("GET", "/v1/broken"): Route(None, broken),
        },
        fresh_telemetry(),
    )


def call(api: Api, *args: Any, **more: Any) -> tuple[int, dict[str, Any], str]:
    response = api(proxy_event(*args, **more), CONTEXT)
    return response["statusCode"], json.loads(response["body"]), response["headers"]["Content-Type"]


def test_a_good_request_is_answered(api: Api) -> None:
    assert call(api, "POST", "/v1/box", {"items": [{"name": "é"}]}) == (
        200, {"first": "é"}, "application/json",
    )  # fmt: skip


def test_a_route_sees_what_stands_around_the_body(api: Api) -> None:
    more: dict[str, Any]
    more = {"pathParameters": {"id": "t 1"}, "queryStringParameters": {"deep": "1"}, "headers": {"X-A": "b"}}
    more["requestContext"] = {
        "identity": {"apiKeyId": "key-1"},
        "authorizer": {"claims": {"sub": "ana", "auth_time": 7}},
    }
    assert call(api, "GET", "/v1/echo/{id}", **more)[1] == {
        "body": None, "path": {"id": "t 1"}, "query": {"deep": "1"}, "headers": {"x-a": "b"},
        "caller": "key-1", "who": {"sub": "ana", "auth_time": "7"},
    }  # fmt: skip
    names = ("pathParameters", "queryStringParameters", "headers", "requestContext")
    assert call(api, "GET", "/v1/echo/{id}", **dict.fromkeys(names))[1] == {
        "body": None, "path": {}, "query": {}, "headers": {}, "caller": None, "who": {},
    }  # fmt: skip


def test_content_is_sent_as_it_is(api: Api) -> None:
    response = api(proxy_event("GET", "/v1/drawing"), CONTEXT)
    assert (response["statusCode"], response["body"]) == (200, "<svg/>")
    assert response["headers"]["Content-Type"] == "image/svg+xml"


def test_bytes_go_through_as_base64(api: Api) -> None:
    response = api(proxy_event("GET", "/v1/picture"), CONTEXT)
    assert response["isBase64Encoded"] is True
    assert base64.b64decode(response["body"]) == b"\x89PNG\xff"
    assert response["headers"]["Content-Type"] == "image/png"


def test_a_base64_body_is_decoded(api: Api) -> None:
    raw = base64.b64encode(b'{"items":[{"name":"a"}]}').decode()
    assert call(api, "POST", "/v1/box", raw, isBase64Encoded=True)[0] == 200


@pytest.mark.parametrize(
    ("body", "status", "field", "says"),
    [
        (None, 400, "$", "empty"),
        ("", 400, "$", "empty"),
        ("{", 400, "$", "not JSON"),
        ('{"items": [}', 400, "$", "not JSON"),
        ('{"items":[{"name":"\\ud800"}]}', 400, "$", "not JSON"),
        ("\ud800", 400, "$", "not JSON"),
        ('{"items":' + "[" * 100_000, 400, "items[0]", "Expected 'object'"),
        ("[]", 400, "$", "object"),
        ({}, 400, "items", "missing required field"),
        ({"items": [{"name": 3}]}, 400, "items[0].name", "Expected 'str', got 'int'"),
        ({"items": [{"name": "abc"}, {"name": "abcdef"}]}, 400, "items[1].name", "length <= 5"),
        ({"items": [{"name": "a", "nmae": 1}]}, 400, "items[0].nmae", "unknown field"),
        ({"items": [{"count": 1}]}, 400, "items[0].name", "missing"),
        ({"items": [{"name": "a", "count": 1.5}]}, 400, "items[0].count", "Expected 'int'"),
        ({"items": [{"name": "a", "kind": "video"}]}, 400, "items[0].kind", "allowed are 'image', 'audio'"),
        ('{"items":' + " " * MAX_BODY + "[]}", 413, "$", "limit"),
    ],
)
def test_bad_input_names_the_field(
    api: Api, body: object, status: int, field: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    got, problem, content_type = call(api, "POST", "/v1/box", body)
    assert (got, problem["field"], content_type) == (status, field, "application/problem+json")
    assert says in problem["detail"]
    assert problem["status"] == status
    assert problem["request_id"] == "gateway-1"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["field"] for line in lines] == [field], "in the log, and in no metric"


def test_invalid_base64_is_a_400(api: Api) -> None:
    assert call(api, "POST", "/v1/box", "***", isBase64Encoded=True)[0] == 400


def test_an_unknown_route_and_a_wrong_method(api: Api) -> None:
    assert call(api, "GET", "/v1/nothing")[0] == 404
    assert call(api, "PUT", "/v1/box")[0] == 405


def test_an_unexpected_error_is_a_clean_500_and_logged(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    status, problem, _ = call(api, "GET", "/v1/broken")
    assert status == 500
    assert "secret" not in json.dumps(problem)
    got = capsys.readouterr()
    assert "ZeroDivisionError" in got.out, got.err


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Expected `str`, got `int` - at `$.a[3].b`", ("Expected 'str', got 'int'", "a[3].b")),
        ("Object contains unknown field `x`", ("Object contains unknown field 'x'", "x")),
        ("Expected `object`, got `array`", ("Expected 'object', got 'array'", "$")),
    ],
)
def test_explain(message: str, expected: tuple[str, str]) -> None:
    assert explain(message) == expected


@pytest.mark.parametrize(
    ("kind", "path", "words"),
    [
        (Box, "items[0].kind", ["image", "audio"]),
        (dict[str, Item], "[...].kind", ["image", "audio"]),
        (list[Literal["a", "b"]], "[3]", ["a", "b"]),
        (Literal["a", "b"], "$", ["a", "b"]),
        (Box, "items[0].name", []),
        (Box, "nothing", []),
    ],
)
def test_allowed(kind: Any, path: str, words: list[str]) -> None:
    assert allowed(kind, path) == words
