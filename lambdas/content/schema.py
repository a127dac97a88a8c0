"""What a post looks like at the door, and what is answered."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

import msgspec

from lambdas.content.policies import CHANNELS, POLICIES, Severity
from lambdas.core.errors import InvalidRequest, PayloadTooLarge
from lambdas.core.schema import Decision, Term

MOST_TEXT: Final = 20_000
"""Characters; in UTF-8 at most 80 kB."""
MOST_INLINE: Final = 4_000_000
"""Characters of base64 in a request, over its media together."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Outcome = Literal["allow", "review", "remove"]
State = Literal["read", "absent", "unreadable", "pending"]


class Media(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An image or a sound: its bytes in base64, or the key of an upload. One of the two."""

    data: Annotated[str | None, msgspec.Meta(description="The file in base64, under 4 MB in all.")] = None
    key: Annotated[
        Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None,
        msgspec.Meta(description="The `key` that POST /v1/content/uploads answered with."),
    ] = None


class ContentRequest(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One post: a text, an image, a sound, or any of them together."""

    content_id: Annotated[
        Identifier | None,
        msgspec.Meta(description="Your id. Send it again and you get the same answer, counted once."),
    ] = None
    author_id: Annotated[
        Identifier | None, msgspec.Meta(description="An author always sees one model variant.")
    ] = None
    text: Annotated[
        Annotated[str, msgspec.Meta(max_length=MOST_TEXT)] | None, msgspec.Meta(description="What it says.")
    ] = None
    image: Annotated[Media | None, msgspec.Meta(description="PNG, JPEG, GIF or WebP.")] = None
    audio: Annotated[Media | None, msgspec.Meta(description="WAV, FLAC, Ogg or MP3.")] = None
    language: Annotated[Name | None, msgspec.Meta(description="A language tag, for reports only.")] = None
    attributes: Annotated[
        dict[Name, Word],
        msgspec.Meta(
            max_length=10,
            description="Declared groups, such as a region: for the fairness report, never for a decision.",
        ),
    ] = {}

    def check(self) -> None:
        """Raise InvalidRequest for what the types cannot say."""
        for name in ("text", "content_id", "author_id", "language"):
            found = _CONTROL.search(getattr(self, name) or "")
            if found:
                raise InvalidRequest(
                    f"control character U+{ord(found.group()):04X} at position {found.start()}: remove it",
                    field=name,
                )
        if not (self.text or "").strip() and self.image is None and self.audio is None:
            raise InvalidRequest("there is nothing to judge: send a text, an image or a sound", field="text")
        inline = 0
        for name, media in (("image", self.image), ("audio", self.audio)):
            if media is None:
                continue
            if (media.data is None) == (media.key is None):
                raise InvalidRequest("send data or key, and not both", field=name)
            inline += len(media.data or "")
        if inline > MOST_INLINE:
            raise PayloadTooLarge(
                f"{inline} characters of base64, the limit is {MOST_INLINE}: upload it (POST "
                "/v1/content/uploads) and send its key",
                field="image.data" if self.image and self.image.data else "audio.data",
            )


class Reading(msgspec.Struct, omit_defaults=True):
    """What became of one modality of the post.

    `read`: it was looked at. `absent`: there was none. `unreadable`: there was one, and `reason` says why it
    could not be looked at. `pending`: what is said in it is still being transcribed.
    """

    state: State
    reason: str | None = None


class Segment(msgspec.Struct):
    """A part of the sound in which somebody speaks; `text` is what was understood, null before that."""

    start: Annotated[float, msgspec.Meta(ge=0, description="Seconds from the beginning.")]
    end: Annotated[float, msgspec.Meta(ge=0)]
    text: str | None = None


class Transcript(msgspec.Struct):
    """What was said in the sound, as a model heard it."""

    language: str | None
    segments: list[Segment]


class Score(msgspec.Struct):
    """A policy's calibrated probability, how severe it is, and from where people look or it is removed."""

    probability: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    severity: Severity
    review_from: float | None = None
    remove_from: float | None = None


class ContentDecision(Decision, kw_only=True):
    """What becomes of the post. `outcome` is allow, review or remove."""

    content_id: str | None
    policies: Annotated[list[str], msgspec.Meta(description="Those it fails or may fail, most likely first.")]
    severity: Annotated[Severity | None, msgspec.Meta(description="Of the worst of `policies`.")]
    scores: Annotated[
        dict[str, Score],
        msgspec.Meta(description=f"By policy: {', '.join(POLICIES)}, where a model gives it."),
    ]
    channels: Annotated[
        dict[str, dict[str, float]],
        msgspec.Meta(
            description="What each way of looking at the post says alone, 0 to 1, by policy: "
            f"{', '.join(CHANNELS)}. Not calibrated; `scores` are."
        ),
    ]
    modalities: Annotated[dict[str, Reading], msgspec.Meta(description="text, image and audio.")]
    pending: Annotated[
        list[str],
        msgspec.Meta(description="What is still being worked on: ask again with GET /v1/content/{id}."),
    ]
    terms: Annotated[
        list[Term], msgspec.Meta(description="The words that counted most for the likeliest policy.")
    ]
    image_text: Annotated[str | None, msgspec.Meta(description="The text that was read in the image.")] = None
    transcript: Transcript | None = None


class UploadRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A wish to upload one file."""

    modality: Literal["image", "audio"]
    type: Annotated[str, msgspec.Meta(max_length=60, description="Its media type, such as image/jpeg.")]


class UploadForm(msgspec.Struct):
    """A form that stores one file: POST `fields`, then `file`, as multipart/form-data to `url`."""

    url: str
    fields: dict[str, str]
    key: Annotated[str, msgspec.Meta(description="Send it as `image.key` or `audio.key`, within a day.")]
    most_bytes: int
    expires_at: Annotated[str, msgspec.Meta(description="Until when the form is taken. UTC, ISO 8601.")]
