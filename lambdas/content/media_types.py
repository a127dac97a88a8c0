"""What a file is by its first bytes, whatever anybody says that it is."""

from __future__ import annotations

from typing import Final

TYPES: Final[dict[str, tuple[str, ...]]] = {
    "image": ("image/png", "image/jpeg", "image/gif", "image/webp"),
    "audio": ("audio/wav", "audio/flac", "audio/ogg", "audio/mpeg"),
}
"""What may be uploaded, by kind; the decoders look for themselves."""

_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)
_MPEG_SYNC: Final = 0xE0


def sniffed(raw: bytes) -> str | None:
    """The media type that the first bytes of `raw` tell, None for any other than those in TYPES."""
    for start, name in _STARTS:
        if raw.startswith(start):
            return name
    if raw[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(raw[8:12])
    if len(raw) > 1 and raw[0] == 0xFF and raw[1] & _MPEG_SYNC == _MPEG_SYNC:
        return "audio/mpeg"
    return None
