"""The reviewers' page: its files as they are, with headers that let it load nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lambdas.console.pages import Pages, with_headers
from lambdas.console.settings import ConsoleSettings
from lambdas.core.aws import Bucket
from lambdas.core.http import Api, Event, Response, Route
from lambdas.core.settings import load
from lambdas.core.telemetry import Telemetry

_settings = load(ConsoleSettings)
_pages = Pages(Path(__file__).with_name("page"))
_media = Bucket(_settings.uploads_bucket).origin if _settings.uploads_bucket else None
_api = Api(
    {("GET", "/console"): Route(None, _pages.index), ("GET", "/console/{file}"): Route(None, _pages.file)},
    Telemetry("console"),
)


def handle(event: Event, context: Any) -> Response:
    """The proxy response to `event`."""
    return with_headers(_api(event, context), media=_media)
