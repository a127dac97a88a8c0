"""What the loops around the service remember of a logged post: the features of its texts, no word of them."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from lambdas.content.schema import Reading, Transcript
from lambdas.content.text.features import FEATURE_NAMES, handmade, language_of
from lambdas.content.text.lexicon import plain
from lambdas.content.text.normalise import normalise
from lambdas.core.ngrams import words_of
from lambdas.observations.record import Features

_KNOWN: Final = tuple(name for name in FEATURE_NAMES if not name.startswith("toxic_en_"))
"""What needs no model to say it. Those that are left out are the last ones."""
NAMES: Final[tuple[str, ...]] = (*_KNOWN, "characters", "words")
"""As a bundle's reference.json has them, under `features` and `text`: of all texts of a post together."""

_TAG = re.compile(r"([a-z]{2,3})(?:[-_]|$)")


class _Asked(msgspec.Struct):
    text: str | None = None
    language: str | None = None


class _Answered(msgspec.Struct):
    modalities: dict[str, Reading]
    image_text: str | None = None
    transcript: Transcript | None = None


_asked, _answered = msgspec.json.Decoder(_Asked), msgspec.json.Decoder(_Answered)


def observed(asked: bytes, answer: bytes) -> Features:
    """The features and segments of one decision. Raises msgspec.DecodeError."""
    post, seen = _asked.decode(asked), _answered.decode(answer)
    whole = "\n".join(filter(None, (text.strip() for text in _texts(post, seen))))
    normal = normalise(whole)
    spoken = words_of(normal.text)
    features = handmade([normal], [spoken])[0, : len(_KNOWN)].tolist()
    there = [name for name, reading in seen.modalities.items() if reading.state != "absent"]
    segments = {"language": _language(post.language, spoken), "modalities": "+".join(there)}
    return Features(
        [*features, float(len(whole)), float(len(spoken))],
        {name: value for name, value in segments.items() if value},
    )


def _texts(post: _Asked, seen: _Answered) -> list[str]:
    """What was written, read in the image, and said: in the order in which training joins them."""
    said = seen.transcript.segments if seen.transcript else []
    return [post.text or "", seen.image_text or "", " ".join(part.text for part in said if part.text)]


def _language(said: str | None, spoken: list[str]) -> str:
    """The language that the caller says, without its region; else the one that the features go by."""
    if (said or "").strip():
        found = _TAG.match(str(said).strip().lower())
        return found[1] if found else "other"
    return language_of([word if word.isascii() else plain(word) for word in spoken]) if spoken else ""
