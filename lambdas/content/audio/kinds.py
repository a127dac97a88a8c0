"""What kind of sound some bytes are, by the first of them."""

from __future__ import annotations

from typing import Final, Literal

from lambdas.content.errors import Refused, UnsupportedType

Kind = Literal["wav", "flac", "ogg", "mp3"]
FIELD: Final = "audio"
OFFERED: Final = "WAV, FLAC, Ogg (Vorbis or Opus) or MP3"
FORMATS: Final[dict[Kind, frozenset[str]]] = {
    "wav": frozenset({"WAV", "WAVEX"}),
    "flac": frozenset({"FLAC"}),
    "ogg": frozenset({"OGG"}),
    "mp3": frozenset({"MP3"}),
}
"""What libsndfile calls them."""

CODECS: Final = frozenset(
    {"PCM_U8", "PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "VORBIS", "OPUS",
     "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"}
)  # fmt: skip
"""What may be inside. libsndfile also reads codecs that nobody sends any more: they are not tried."""

_OTHERS: Final = (
    (0, b"\x1aE\xdf\xa3", "WebM or Matroska"),
    (0, b"FORM", "AIFF"),
    (0, b"caff", "CAF"),
    (0, b"#!AMR", "AMR"),
    (0, b"\x30\x26\xb2\x75", "WMA"),
    (0, b".snd", "AU"),
    (0, b"RF64", "RF64"),
    (4, b"ftyp", "MP4 or M4A"),
)


def kind_of(data: bytes) -> Kind:
    """The kind of sound in `data`.

    Raises Refused when there is nothing, UnsupportedType when the first bytes are of no kind that is taken.
    """
    if not data:
        raise Refused("the sound is empty", field=FIELD)
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data.startswith(b"fLaC"):
        return "flac"
    if data.startswith(b"OggS"):
        return "ogg"
    if data.startswith(b"ID3") or _is_mpeg(data):
        return "mp3"
    what = next((name for at, start, name in _OTHERS if data[at : at + len(start)] == start), None)
    said = f"the sound is {what}" if what else "the first bytes are of no known kind of sound"
    raise UnsupportedType(f"{said}: send {OFFERED}", field=FIELD)


def _is_mpeg(data: bytes) -> bool:
    """A header of MPEG audio: the version is not the reserved one, and the layer is not 0, as it is in
    AAC.
    """
    return (
        len(data) > 1
        and data[0] == 0xFF
        and data[1] & 0xE0 == 0xE0
        and data[1] & 24 != 8
        and data[1] & 6 != 0
    )
