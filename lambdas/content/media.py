"""The media of a post: taken in, decoded, and kept for as long as the decision.

Pillow and soundfile are imported only when there is an image or a sound.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol

import msgspec

from lambdas.content.errors import Refused, TooLarge, Unreadable
from lambdas.content.media_types import sniffed
from lambdas.content.schema import Media
from lambdas.core.aws import Object
from lambdas.core.breaker import Breaker
from lambdas.core.errors import DependencyDown, InvalidRequest, NotFound

Kind = Literal["image", "audio"]
KINDS: Final[tuple[Kind, ...]] = ("image", "audio")
UPLOADS: Final = "uploads"
KEPT: Final = "kept"
MOST_BYTES: Final[dict[Kind, int]] = {"image": 8_000_000, "audio": 16_000_000}
"""Of an uploaded file; inline media is bounded by the request."""


class Objects(Protocol):
    """The bucket of uploads; `lambdas.core.aws.Bucket`."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object. Raises NotFound, DependencyDown."""
        ...

    def size(self, key: str) -> int:
        """Its bytes. Raises NotFound, DependencyDown."""
        ...

    def put(self, key: str, body: bytes, *, content_type: str | None = None) -> str:
        """Write it. Raises DependencyDown."""
        ...


class Part(msgspec.Struct):
    """One image or sound of a post.

    `raw` is None when it could not be had, `decoded` when it could not be decoded; `problem` says why then.
    `kept` is the key under which people find it, None when it could not be stored. `upload` is the key of the
    upload that it came as.
    """

    kind: Kind
    raw: bytes | None = None
    type: str | None = None
    decoded: Any = None
    problem: str | None = None
    kept: str | None = None
    upload: str | None = None

    @property
    def sha256(self) -> str | None:
        """Of its bytes."""
        return hashlib.sha256(self.raw).hexdigest() if self.raw is not None else None


class MediaStore:
    """Takes in the media of posts. `decoders` are by kind; the real ones unless others are given."""

    def __init__(self, objects: Objects, decoders: dict[Kind, Callable[[bytes], Any]] | None = None) -> None:
        self._objects = objects
        self._decoders = decoders or {"image": decode_image, "audio": decode_audio}
        self._breaker = Breaker("the bucket of uploads")

    def take(self, kind: Kind, media: Media) -> Part:
        """The part that `media` is. What the bucket does not give is a part with a problem.

        Raises InvalidRequest and Refused for what the caller can mend: no base64, a key without an upload, a
        file that is too large, empty or of another type, a bomb.
        """
        part = Part(kind, upload=media.key)
        try:
            part.raw = self._fetch(kind, media.key) if media.key else _decoded(kind, str(media.data))
        except DependencyDown as error:
            part.problem = f"it could not be fetched: {error.detail}"
            return part
        part.type = sniffed(part.raw)
        try:
            part.decoded = self._decoders[kind](part.raw)
        except Unreadable as error:
            part.problem = error.detail
        except Refused as error:
            error.field = error.field or kind
            raise
        return part

    def keep(self, part: Part, decision_id: str) -> bool:
        """Store the part under its decision's name; False when the bucket does not take it."""
        if part.raw is None:
            return False
        key = f"{KEPT}/{decision_id}/{part.kind}-{str(part.sha256)[:16]}"
        body, kind = part.raw, part.type or "application/octet-stream"
        try:
            self._breaker.call(lambda: self._objects.put(key, body, content_type=kind))
        except DependencyDown:
            return False
        part.kept = key
        return True

    def bring(self, kind: Kind, key: str) -> Any:
        """What was kept under `key`, decoded. Raises NotFound, Unreadable, DependencyDown."""
        found = self._objects.get(key)
        if found is None:
            raise NotFound(f"{key} is not there")
        try:
            return self._decoders[kind](found.body)
        except Refused as error:
            raise Unreadable(error.detail, field=kind) from error

    def raw(self, key: str) -> bytes:
        """The bytes kept under `key`. Raises NotFound, DependencyDown."""
        found = self._objects.get(key)
        if found is None:
            raise NotFound(f"{key} is not there")
        return found.body

    def _fetch(self, kind: Kind, key: str) -> bytes:
        try:
            size = self._breaker.call(lambda: self._objects.size(key))
            if size > MOST_BYTES[kind]:
                raise TooLarge(f"the file has {size} bytes, the limit is {MOST_BYTES[kind]}", field=kind)
            return self.raw(key)
        except NotFound as error:
            raise InvalidRequest(
                "there is no upload under this key: upload the file first, and send its key within a day",
                field=f"{kind}.key",
            ) from error


def _decoded(kind: Kind, data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest(f"this is no base64: {error}", field=f"{kind}.data") from error


def decode_image(raw: bytes) -> Any:
    """A picture, by `image.decode`."""
    from lambdas.content.image.decode import decode  # noqa: PLC0415 - Pillow, paid only with an image

    return decode(raw)


def decode_audio(raw: bytes) -> Any:
    """A sound, by `audio.decode`."""
    from lambdas.content.audio.decode import decode  # noqa: PLC0415 - soundfile, paid only with a sound

    return decode(raw)
