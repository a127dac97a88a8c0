"""Puts the service's functions together from their environment."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import msgspec
from aws_lambda_powertools import Logger

from lambdas.content.later import Later
from lambdas.content.media import MediaStore
from lambdas.content.service import Content
from lambdas.core.assets import Assets
from lambdas.core.aws import Bucket, Queue, Started
from lambdas.core.nudge import Nudge
from lambdas.core.settings import DecisionSettings, load


class ContentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the content functions need beside a decision function's settings.

    `transcribe_budget_seconds` is how long a caller may wait for the words of a sound; what takes longer is
    done by the worker of the queue. `later_function` is that worker's name where a schedule starts it.
    """

    uploads_bucket: str
    later_queue_url: str
    transcribe_budget_seconds: Annotated[float, msgspec.Meta(ge=0.0)] = 2.0
    later_function: str = ""


class Parts(NamedTuple):
    """The service, and what else its functions work with."""

    service: Content
    media: MediaStore
    uploads: Bucket


def live_service(settings: ContentSettings | None = None, shared: DecisionSettings | None = None) -> Parts:
    """The service over the live buckets and queue. Raises SettingsError that names a missing variable."""
    settings, shared = settings or load(ContentSettings), shared or load(DecisionSettings)
    uploads = Bucket(settings.uploads_bucket)
    media = MediaStore(uploads)
    assets = Assets(Content.name, Bucket(shared.artifacts_bucket), shared.model_cache_dir)
    worker = settings.later_function
    nudge = Nudge(Started(worker), Logger(service=Content.name)) if worker else None
    later = Later(Queue(settings.later_queue_url), nudge)
    service = Content(media, assets, later, budget=settings.transcribe_budget_seconds)
    return Parts(service, media, uploads)
