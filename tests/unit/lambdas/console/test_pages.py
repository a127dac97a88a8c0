"""The page's files as they are served, and the headers that keep everything else out."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdas.console.pages import TYPES, Pages, with_headers
from lambdas.core.errors import NotFound
from lambdas.core.http import Asked, respond

PAGE = Path("lambdas/console/page")


def asked(file: str | None = None) -> Asked:
    return Asked(None, {"file": file} if file else {}, {}, {})


def test_every_file_of_the_page_is_served_by_its_name() -> None:
    pages = Pages(PAGE)
    files = sorted(path.name for path in PAGE.iterdir() if path.is_file())
    assert {Path(name).suffix for name in files} <= set(TYPES)
    for name in files:
        assert pages.file(asked(name)).body == (PAGE / name).read_text("utf-8")
    assert pages.index(asked()) == pages.file(asked("index.html"))


@pytest.mark.parametrize("name", ["../handler.py", "handler.py", "", "page/app.js", "%2e%2e/x", "app.js/"])
def test_nothing_else_is(name: str) -> None:
    with pytest.raises(NotFound):
        Pages(PAGE).file(asked(name))


def test_the_policy_lets_media_come_from_the_bucket_only() -> None:
    served = with_headers(respond(200, "x", "text/html"), media="https://bucket.example.com")
    policy = dict(part.split(" ", 1) for part in served["headers"]["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob: https://bucket.example.com"
    assert policy["media-src"] == "'self' blob: https://bucket.example.com"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    without = with_headers(respond(200, "x", "text/html"), media=None)["headers"]["Content-Security-Policy"]
    assert "img-src 'self' data: blob:;" in without
    assert served["headers"]["Content-Type"] == "text/html"
