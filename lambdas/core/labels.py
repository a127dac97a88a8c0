"""A label on its way from the person who gave it to whoever learns from it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated

import msgspec

from lambdas.core.aws import Message


class GivenLabel(msgspec.Struct, frozen=True):
    """The body of a message in the label queue. `at` is when it was given."""

    decision_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    service: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


def message_of(label: GivenLabel) -> Message:
    """The message; the group is the service, so that one learner at a time works for it."""
    body = msgspec.json.encode(label)
    return Message(body.decode(), label.service, hashlib.sha256(body).hexdigest())
