"""Is a file of sound all there, and nothing behind it that a player would play and a decoder would not?

Seen without decoding: by the chunks of a WAV, the pages of an Ogg, the frames of an MP3. A FLAC that is cut
short fails to decode.
"""

from __future__ import annotations

import struct
from typing import Final

from lambdas.content.audio.kinds import FIELD, Kind
from lambdas.content.errors import Unreadable

MOST_AFTER: Final = 8_192
"""Bytes that may follow the end: tags. More of them may be another sound."""

MOST_PAGES: Final = 50_000
MOST_JUNK: Final = 65_536
"""Bytes between frames of an MP3 that are looked through for the next one; no decoder looks so far."""

_NOT_KNOWN: Final = 0x7FFF0000
"""A WAV that was written into a pipe says that it has at least so many bytes."""
_FIRST, _LAST = 2, 4
_KBITS: Final[dict[tuple[bool, int], tuple[int, ...]]] = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""ISO 11172-3 and 13818-3: kilobits a second by (version 1, layer)."""
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""By version: 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5."""


def check(kind: Kind, data: bytes) -> int:
    """How many samples (a channel) are in `data`, encoders' padding included; 0 for other than MP3.

    Raises Unreadable when the file is cut short, or goes on after its end.
    """
    if kind == "wav":
        _check_wav(data)
    elif kind == "ogg":
        _check_ogg(data)
    return _mpeg_samples(data) if kind == "mp3" else 0


def check_end(kind: Kind, left: int) -> None:
    """Raises Unreadable when more than tags is left after the end."""
    if left > MOST_AFTER:
        raise Unreadable(f"the {kind.upper()} goes on for {left} bytes after its end", field=FIELD)


def _check_wav(data: bytes) -> None:
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"data":
            if at + size > len(data) and size < _NOT_KNOWN:
                break
            return
        at += size + size % 2
    raise Unreadable("the WAV is cut short", field=FIELD)


def _check_ogg(data: bytes) -> None:
    """Page by page: one stream, which begins once and ends. A second one would not be decoded."""
    at, begun, ended, pages = 0, 0, False, 0
    while data[at : at + 4] == b"OggS" and pages < MOST_PAGES:
        pages += 1
        head = data[at : at + 27]
        sizes = data[at + 27 : at + 27 + head[26]] if len(head) == 27 else b""
        at += 27 + len(sizes) + sum(sizes)
        if len(head) < 27 or len(sizes) < head[26] or at > len(data):
            raise Unreadable("the OGG is cut short", field=FIELD)
        begun += bool(head[5] & _FIRST)
        ended = ended or bool(head[5] & _LAST)
    if begun != 1:
        raise Unreadable(f"the OGG holds {begun} streams, one is read", field=FIELD)
    if not ended:
        raise Unreadable("the OGG is damaged or cut short", field=FIELD)
    check_end("ogg", len(data) - at)


def _mpeg_samples(data: bytes) -> int:
    """The samples in all frames that there are. Raises Unreadable when the first one promises more."""
    at, found, junk, promised = _after_id3(data), 0, 0, 0
    while at < len(data) and junk < MOST_JUNK:
        frame = _mpeg_frame(data, at)
        # Two in a row, or the end: what only looks like a header does not count.
        if frame and (at + frame[0] == len(data) or _mpeg_frame(data, at + frame[0])):
            promised = promised or _promised(data[at : at + frame[0]]) * frame[1]
            at, found = at + frame[0], found + frame[1]
        else:
            at, junk = at + 1, junk + 1
    if found < promised:
        raise Unreadable("the MP3 is cut short", field=FIELD)
    return found


def _promised(frame: bytes) -> int:
    """How many frames follow, by the Xing tag in the first one; 0 without a tag, or a number in it."""
    at = max(frame.find(b"Xing", 0, 64), frame.find(b"Info", 0, 64))
    if at < 0 or len(frame) < at + 12 or not frame[at + 7] & 1:
        return 0
    return int.from_bytes(frame[at + 8 : at + 12])


def _after_id3(data: bytes) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    return 10 + sum((byte & 127) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))


def _mpeg_frame(data: bytes, at: int) -> tuple[int, int] | None:
    """The bytes and the samples of the frame at `at`; None when there is no header of one."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = data[at + 1] >> 3 & 3, 4 - (data[at + 1] >> 1 & 3)
    speed, rate, padded = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if version == 1 or layer == 4 or speed in {0, 15} or rate == 3:
        return None
    bits = _KBITS[version == 3, layer][speed - 1] * 1000
    hertz = _RATES[version][rate]
    if layer == 1:
        return (12 * bits // hertz + padded) * 4, 384
    samples = 1152 if layer == 2 or version == 3 else 576
    return samples // 8 * bits // hertz + padded, samples
