"""Looks at the media of a post with the bundle's models, as far as the caller's time allows."""

from __future__ import annotations

from typing import Any, Final

from lambdas.content.item import Item, Seen
from lambdas.content.model import ContentModel
from lambdas.content.policies import CHANNELS
from lambdas.content.schema import Reading, Segment, Transcript
from lambdas.core.errors import BundleError, DependencyDown

MOST_READ: Final = 2_000
"""Characters of the text in an image that are kept."""
_AT = {channel: k for k, channel in enumerate(CHANNELS)}


class NoModel(BundleError):
    """The bundle was made without models for this kind of media."""


def look_at(item: Item, model: ContentModel, *, budget: float) -> Seen:
    """What the models see in the item's media; its text is read later, together with what is found in them.

    Speech whose transcription takes more than `budget` seconds is `pending`.
    """
    request = item.request
    seen = Seen(request.content_id, request.text or "", readings_of(item), degraded=list(item.degraded))
    for kind, look in (("image", _look), ("audio", _listen)):
        part = item.parts.get(kind)
        if part is None or part.problem is not None:
            continue
        try:
            look(seen, model, part.decoded, budget)
        except (BundleError, DependencyDown) as error:
            seen.readings[kind] = Reading("unreadable", f"no model could look at it: {error.detail}")
            seen.degraded.append(f"{kind}_model")
    return seen


def readings_of(item: Item) -> dict[str, Reading]:
    """What became of each modality before any model looked."""
    text = (item.request.text or "").strip()
    found = {"text": Reading("read" if text else "absent")}
    for kind in ("image", "audio"):
        part = item.parts.get(kind)
        if part is None:
            found[kind] = Reading("absent")
        else:
            found[kind] = Reading("unreadable", part.problem) if part.problem else Reading("read")
    return found


def _look(seen: Seen, model: ContentModel, picture: Any, _: float) -> None:
    if model.image is None:
        raise NoModel("this bundle has no models for images")
    eyes = model.image.get()
    seen.signals[:, _AT["image"]] = eyes.look(picture).signals
    seen.image_text = eyes.read_text(picture)[:MOST_READ] or None


def _listen(seen: Seen, model: ContentModel, sound: Any, budget: float) -> None:
    if model.audio is None:
        raise NoModel("this bundle has no models for sounds")
    ears = model.audio.get()
    heard = ears.listen(sound)
    seen.signals[:, _AT["audio"]] = heard.signals
    spoken = [Segment(part.start, part.end) for part in heard.speech]
    seen.transcript = Transcript(None, spoken)
    if not spoken or not ears.transcribes:
        return
    if ears.seconds_needed(heard.speech_seconds) <= budget:
        said = ears.transcribe(sound, heard.speech)
        seen.transcript = transcript_of(said)
    else:
        seen.readings["audio"] = Reading("pending", "its speech is still being transcribed")
        seen.pending.append("audio")


def transcript_of(said: Any) -> Transcript:
    """The answer's transcript of what the model heard."""
    return Transcript(
        said.language, [Segment(part.start, part.end, part.text or None) for part in said.segments]
    )
