"""A post on its way through the service, and what was seen of it."""

from __future__ import annotations

import msgspec

from lambdas.content.media import Part
from lambdas.content.policies import Signals, no_signals
from lambdas.content.schema import ContentRequest, Reading, Transcript


class Item(msgspec.Struct):
    """A request with its media decoded; `parts` by kind, `image` and `audio`."""

    request: ContentRequest
    decision_id: str
    parts: dict[str, Part]
    degraded: list[str] = []


class Seen(msgspec.Struct):
    """What is known of one post: its signals, [policies, channels], and where they come from.

    `pending` names what is still to come, `degraded` what was missing for a full answer.
    """

    content_id: str | None
    text: str
    readings: dict[str, Reading]
    signals: Signals = msgspec.field(default_factory=lambda: no_signals(1)[0])
    image_text: str | None = None
    transcript: Transcript | None = None
    pending: list[str] = []
    degraded: list[str] = []

    def texts(self) -> dict[str, str]:
        """What there is to read, by channel."""
        said = " ".join(s.text for s in self.transcript.segments if s.text) if self.transcript else ""
        found = {"text": self.text, "image_text": self.image_text or "", "audio_text": said}
        return {channel: text for channel, text in found.items() if text.strip()}
