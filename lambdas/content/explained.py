"""What is answered when somebody asks why a post was decided as it was."""

from __future__ import annotations

from typing import Annotated

import msgspec

from lambdas.content.schema import Reading, Score
from lambdas.core.schema import Term


class Heat(msgspec.Struct):
    """Where in the image the models saw signs of `policy`: a PNG of the image with the hot places in red."""

    policy: str
    png: Annotated[str, msgspec.Meta(description="Base64. Ask with Accept: image/png for the file itself.")]
    width: int
    height: int


class Heard(msgspec.Struct):
    """A part of the sound in which somebody speaks, what was understood, and what that says by policy."""

    start: Annotated[float, msgspec.Meta(description="Seconds from the beginning.")]
    end: float
    text: str | None
    scores: dict[str, float]


class Sound(msgspec.Struct):
    """The sound, where somebody speaks in it."""

    language: str | None
    segments: list[Heard]


class ContentExplanation(msgspec.Struct):
    """What counted in each part of the post."""

    decision_id: str
    content_id: str | None
    outcome: str
    policies: list[str]
    scores: dict[str, Score]
    channels: dict[str, dict[str, float]]
    words: Annotated[
        dict[str, dict[str, list[Term]]],
        msgspec.Meta(
            description="By channel with words (text, image_text, audio_text) and policy: the words that "
            "added most to its log-odds, strongest first."
        ),
    ]
    image: Heat | None
    image_text: str | None
    audio: Sound | None
    modalities: dict[str, Reading]
    pending: list[str]
    decided_by: Annotated[str, msgspec.Meta(description="The version that decided, or rules.")]
    explained_by: Annotated[str, msgspec.Meta(description="The version that explains.")]
    notes: Annotated[list[str], msgspec.Meta(description="What could not be explained, and why.")]
