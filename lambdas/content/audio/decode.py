"""From bytes to a sound that the models can listen to, whatever those bytes are.

Taken are WAV, FLAC, Ogg (Vorbis, Opus) and MP3, told by their first bytes alone. Channels are mixed into one,
any rate becomes 16 kHz. It is read second by second, so what a header claims costs nothing.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import numpy as np

from lambdas.content.audio import kinds, whole
from lambdas.content.audio.kinds import FIELD, Kind
from lambdas.content.audio.sound import RATE, Array, Floats, Sound
from lambdas.content.errors import Refused, TooLarge, Unreadable, UnsupportedType

if TYPE_CHECKING:
    import soundfile

MOST_BYTES: Final = 16_000_000
MOST_SECONDS: Final = 120
MOST_CHANNELS: Final = 8
RATES: Final = (4_000, 192_000)
"""The lowest and the highest sample rate that is taken."""

MISSING: Final = 0.01
"""The share of its samples that may be missing from a sound."""
PADDING: Final = 3_456
"""Samples: up to three frames of an MP3 are no sound, but what its encoder needs."""
STDERR: Final = 2
CANCELLED: Final = 0.1
"""Of the loudest channel's level: when the mix is below, the channels cancel each other out, and one is
taken."""


def decode(data: bytes) -> Sound:
    """The sound in `data`.

    Raises Refused for nothing, no samples, or a rate or channels that are not taken; UnsupportedType for
    bytes of another kind; TooLarge when a limit above is passed; Unreadable when the sound is damaged or
    cut short.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(f"the sound has {len(data)} bytes, at most {MOST_BYTES} are taken", field=FIELD)
    kind = kinds.kind_of(data)
    said = whole.check(kind, data) - PADDING
    import soundfile  # noqa: PLC0415 - paid with the first sound

    stream = io.BytesIO(data)
    try:
        with _quiet(), soundfile.SoundFile(stream) as file:
            _check(kind, file)
            rate, channels = file.samplerate, file.channels
            samples = _samples(kind, file, said if kind == "mp3" else file.frames)
            left = len(data) - stream.tell()
    except MemoryError as error:
        raise TooLarge("the sound needs more memory than there is", field=FIELD) from error
    except (soundfile.SoundFileError, OSError, ValueError) as error:
        raise Unreadable(f"the {kind.upper()} is damaged or cut short", field=FIELD) from error
    if kind == "flac":
        whole.check_end(kind, left)
    return Sound(samples, kind, rate, channels)


def _check(kind: Kind, file: soundfile.SoundFile) -> None:
    """Raises what `decode` raises for what the header says."""
    if file.format not in kinds.FORMATS[kind] or file.subtype not in kinds.CODECS:
        raise UnsupportedType(f"there is {file.subtype} in it: send {kinds.OFFERED}", field=FIELD)
    if not RATES[0] <= file.samplerate <= RATES[1]:
        raise Refused(f"its rate is {file.samplerate} Hz, taken are {RATES[0]} to {RATES[1]}", field=FIELD)
    if file.channels > MOST_CHANNELS:
        raise Refused(f"it has {file.channels} channels, at most {MOST_CHANNELS} are taken", field=FIELD)
    if file.frames > MOST_SECONDS * file.samplerate:
        raise _too_long()


def _too_long() -> TooLarge:
    return TooLarge(f"the sound is longer than {MOST_SECONDS} seconds", field=FIELD)


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on standard error meanwhile: libmpg123 prints a line for every frame that it stumbles over."""
    kept, nowhere = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STDERR)
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)
        os.close(nowhere)


def _samples(kind: Kind, file: soundfile.SoundFile, said: int) -> Floats:
    """All of it, mixed and resampled. Raises Unreadable when fewer frames come than were said to be there."""
    import soxr  # noqa: PLC0415 - paid with the first sound

    resampler = soxr.ResampleStream(file.samplerate, RATE, 1, dtype="float32")
    parts, frames = [np.zeros(0, dtype=np.float32)], 0
    for block in _blocks(file):
        frames += len(block)
        if frames > MOST_SECONDS * file.samplerate:
            raise _too_long()
        parts.append(resampler.resample_chunk(mixed(block)))
    if not frames and said <= 0:
        raise Refused("there is no sound in the file", field=FIELD)
    if frames < said * (1 - MISSING):
        raise Unreadable(f"the {kind.upper()} is damaged or cut short", field=FIELD)
    parts.append(resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True))
    samples: Floats = np.clip(np.concatenate(parts), -1.0, 1.0)
    return samples


def _blocks(file: soundfile.SoundFile) -> Iterator[Array]:
    """Its frames, float32 [at most a second's, channels]."""
    while len(block := file.read(file.samplerate, dtype="float32", always_2d=True)):
        yield block


def mixed(block: Array) -> Floats:
    """One channel of `block` [frames, channels]: their mean, or the loudest where they cancel each other out.

    What is not a number is silence; what is beyond +-1 is clipped.
    """
    clean = np.clip(np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
    mean: Floats = clean.mean(axis=1, dtype=np.float32)
    if clean.shape[1] > 1:
        levels = np.sqrt((clean**2).mean(axis=0))
        if np.sqrt((mean**2).mean()) < CANCELLED * levels.max():
            return np.ascontiguousarray(clean[:, int(levels.argmax())])
    return mean
