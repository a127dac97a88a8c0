"""What the decision log keeps of a post: the request, its media as where it is kept and what it is."""

from __future__ import annotations

import hashlib

import msgspec

from lambdas.content.item import Item
from lambdas.content.media import Part
from lambdas.core.service import Kept


class KeptMedia(msgspec.Struct, frozen=True, omit_defaults=True):
    """An image or a sound in the log. `key` is None when the bucket did not take it, or it never came."""

    key: str | None
    sha256: str | None = None
    bytes: int | None = None
    type: str | None = None
    problem: str | None = None


class KeptPost(msgspec.Struct, frozen=True, omit_defaults=True):
    """A `ContentRequest` as the log keeps it."""

    content_id: str | None = None
    author_id: str | None = None
    text: str | None = None
    image: KeptMedia | None = None
    audio: KeptMedia | None = None
    language: str | None = None
    attributes: dict[str, str] = {}


def kept_of(item: Item) -> Kept:
    """The post as it is kept.

    Its digest is of what the caller sent, inline media by its hash and an upload by its key: so a retry is
    known as one even where the bucket did not answer the first time.
    """
    request = item.request
    post = KeptPost(
        content_id=request.content_id,
        author_id=request.author_id,
        text=request.text,
        image=_kept(item.parts.get("image")),
        audio=_kept(item.parts.get("audio")),
        language=request.language,
        attributes=request.attributes,
    )
    sent = {kind: part.upload or part.sha256 for kind, part in item.parts.items()}
    said = msgspec.structs.replace(post, image=None, audio=None) if item.parts else post
    digest = hashlib.sha256(msgspec.json.encode([said, sent], order="deterministic"))
    return Kept(msgspec.json.encode(post), digest.hexdigest())


def _kept(part: Part | None) -> KeptMedia | None:
    if part is None:
        return None
    size = len(part.raw) if part.raw is not None else None
    return KeptMedia(part.kept, part.sha256, size, part.type, part.problem)
