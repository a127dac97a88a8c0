"""The files of the page, and what browsers are told about them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lambdas.core.errors import NotFound
from lambdas.core.http import Asked, Content, Response

INDEX: Final = "index.html"
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


class Pages:
    """The files of `folder`, read once."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.name: Content(path.read_text("utf-8"), TYPES[path.suffix])
            for path in sorted(folder.iterdir())
            if path.suffix in TYPES
        }

    def index(self, _: Asked) -> Content:
        """The page itself."""
        return self._files[INDEX]

    def file(self, asked: Asked) -> Content:
        """One file by its name. Raises NotFound."""
        name = asked.path.get("file", "")
        if name not in self._files:
            raise NotFound("the page has no such file")
        return self._files[name]


def with_headers(response: Response, *, media: str | None) -> Response:
    """`response` with headers by which a browser runs, shows and sends nothing but what is the page's own.

    `media` is the origin of the pictures and sounds of items. With `no-cache` a browser asks each time
    whether a file has changed: a page and its modules are always of one version.
    """
    shown = f" {media}" if media else ""
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        f"img-src 'self' data: blob:{shown}",
        f"media-src 'self' blob:{shown}",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        **response,
        "headers": {
            **response["headers"],
            "Cache-Control": "no-cache",
            "Content-Security-Policy": "; ".join(policy),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
            "Referrer-Policy": "no-referrer",
            "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
    }
