"""What kind of picture some bytes are and how large it says it is, read before anything is decoded.

Pillow makes room for a whole picture as soon as it opens some formats; so the size is looked up here first.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final, Literal

from lambdas.content.errors import Refused, Unreadable, UnsupportedType

Kind = Literal["jpeg", "png", "gif", "webp"]
FIELD: Final = "image"
OFFERED: Final = "JPEG, PNG, GIF or WebP"
JPEG_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of a JPEG that state its size: all starts of frame, not the tables among them."""
JPEG_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""The markers of a JPEG without a length."""

_END: Final = 0xD9
_SCAN: Final = 0xDA
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""A marker with a length, or the end: not a pixel's 0xFF, which a 0 follows."""


@dataclass(frozen=True)
class Header:
    """The kind of picture, and the pixels it says it has."""

    kind: Kind
    width: int
    height: int


def read(data: bytes) -> Header:
    """The header of `data`.

    Raises Refused when there is nothing, UnsupportedType when the first bytes are of no kind that is taken,
    Unreadable when they are but the size is missing or nought.
    """
    if not data:
        raise Refused("the image is empty", field=FIELD)
    kind = _kind(data)
    try:
        width, height = {"jpeg": _jpeg, "png": _png, "gif": _gif, "webp": _webp}[kind](data)
    except (struct.error, IndexError) as error:
        raise Unreadable("the image ends before its size is told", field=FIELD) from error
    if width < 1 or height < 1:
        raise Unreadable("the image says it has no pixels", field=FIELD)
    return Header(kind, width, height)


def _kind(data: bytes) -> Kind:
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    raise UnsupportedType(f"the image is not {OFFERED}, whatever its name says", field=FIELD)


def _png(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise Unreadable("the PNG does not begin with its header", field=FIELD)
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        while data[at] != 0xFF:
            at += 1
        while data[at] == 0xFF:
            at += 1
        marker, at = data[at], at + 1
        if marker in JPEG_ALONE:
            continue
        if marker in JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return width, height
        (length,) = struct.unpack_from(">H", data, at)
        at += max(length, 2)


def count_scans(data: bytes, most: int) -> int:
    """How many passes a JPEG comes in, counted up to `most` + 1; nothing is decoded."""
    found, at = 0, 2
    while found <= most and (marker := _MARKER.search(data, at)):
        kind, at = marker[0][1], marker.end()
        if kind == _END:
            break
        found += kind == _SCAN
        at += max(int.from_bytes(data[at : at + 2]), 2)
    return found


def _webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise Unreadable("the WebP does not begin with a picture", field=FIELD)
