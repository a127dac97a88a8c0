"""At the door: what a post may be, and what is refused with the field's name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lambdas.content.schema import MOST_INLINE, MOST_TEXT, ContentRequest
from lambdas.core.errors import InvalidRequest
from lambdas.core.http import decode

DECODER = msgspec.json.Decoder(ContentRequest)


def post(said: Any) -> ContentRequest:
    raw = said if isinstance(said, bytes) else msgspec.json.encode(said)
    request: ContentRequest = decode(DECODER, raw)
    request.check()
    return request


@pytest.mark.parametrize(
    "said",
    [
        {"text": "hello"},
        {"text": "x" * MOST_TEXT},
        {"text": "\U0001f600" * MOST_TEXT},
        {"image": {"data": "AAAA"}},
        {"text": "", "audio": {"key": "uploads/a/b"}},
        {"text": "a\nb\tc", "attributes": {"region": "north"}, "language": "es", "author_id": "a"},
    ],
)
def test_a_post_is_taken(said: Any) -> None:
    post(said)


@pytest.mark.parametrize(
    ("said", "status", "field"),
    [
        ({}, 400, "text"),
        ({"text": " \n"}, 400, "text"),
        ({"text": "a\x00b"}, 400, "text"),
        ({"text": 1}, 400, "text"),
        ({"text": "x" * (MOST_TEXT + 1)}, 400, "text"),
        ({"text": "\U0001f600" * 25_000}, 400, "text"),  # 100 kB of emoji
        ({"image": {}}, 400, "image"),
        ({"image": {"data": "AAAA", "key": "x"}}, 400, "image"),
        ({"image": {"url": "http://example.com/x.png"}}, 400, "image.url"),
        ({"image": "AAAA"}, 400, "image"),
        ({"image": {"data": "A" * (MOST_INLINE + 4)}}, 413, "image.data"),
        ({"image": {"data": "A" * 3_000_000}, "audio": {"data": "A" * 1_000_004}}, 413, "image.data"),
        ({"audio": {"data": "A" * (MOST_INLINE + 4)}}, 413, "audio.data"),
        ({"text": "x", "attributes": {f"a{k}": "b" for k in range(11)}}, 400, "attributes"),
        ({"text": "x", "attributes": {"a": 1}}, 400, "attributes[...]"),
        ({"text": "x", "attributes": {"a": "b" * 101}}, 400, "attributes[...]"),
        ({"text": "x", "content_id": ""}, 400, "content_id"),
        ({"text": "x", "content_id": "a\x01"}, 400, "content_id"),
        ({"text": "x", "score": 1}, 400, "score"),
        (b'{"text": "\xff\xfe"}', 400, "$"),
        (b'{"text": "\\ud800"}', 400, "$"),
        (b"{", 400, "$"),
        (b"[" * 10_000, 400, "$"),
    ],
)
def test_what_cannot_be_used_names_the_field(said: Any, status: int, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        post(said)
    assert (caught.value.status, caught.value.field) == (status, field)
