"""What is asked and answered when a decision gets its label."""

from __future__ import annotations

from typing import Annotated

import msgspec


class LabelRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What the item really was."""

    label: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=60,
            description="A class of the service's model; content takes several, joined by commas.",
        ),
    ]
    by: Annotated[
        str,
        msgspec.Meta(
            min_length=1, max_length=128, description="Who says so: only the same person may change it."
        ),
    ]


class LabelResponse(msgspec.Struct):
    """The label as it now stands on the decision; learning has been told of it."""

    decision_id: str
    service: str
    label: str
    by: str
    at: Annotated[str, msgspec.Meta(description="UTC, ISO 8601.")]
