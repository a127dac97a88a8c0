"""What the functions of the queue need of their environment."""

from __future__ import annotations

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class QueueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The two tables: what the intake needs."""

    reviews_table: str
    audit_table: str


class ReviewSettings(QueueSettings, frozen=True, kw_only=True):
    """What the routes need. `services` is a comma-separated list, `label_outcomes` JSON (meaning.py).

    `uploads_bucket` is where media are kept, if any service keeps some.
    """

    artifacts_bucket: str
    decisions_table: str
    label_queue_url: str
    reviewer_client_id: str
    services: str
    label_outcomes: str = "{}"
    uploads_bucket: str | None = None
    claim_minutes: Annotated[float, msgspec.Meta(gt=0.0)] = 15.0
    second_opinion_share: Share = 0.1
    media_link_seconds: Annotated[int, msgspec.Meta(gt=0)] = 300
