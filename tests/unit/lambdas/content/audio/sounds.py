"""Sounds for the tests, made here or, where they are laid beside the project, spoken by people."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from lambdas.content.audio.decode import decode
from lambdas.content.audio.sound import RATE, Floats, Sound

FSDD = Path(__file__).parents[6] / "shared/data/fsdd/recordings"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CODECS = (
    ("WAV", "PCM_16"), ("WAV", "PCM_U8"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "ULAW"),
    ("WAVEX", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"),
)  # fmt: skip


def tone(seconds: float, rate: int = RATE, hertz: float = 440.0, level: float = 0.3) -> Floats:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(seconds: float, level: float = 0.1) -> Floats:
    made = np.random.default_rng(3).standard_normal(round(seconds * RATE)) * level
    return made.astype(np.float32)


def encoded(samples: Floats, rate: int = RATE, form: str = "WAV", codec: str = "PCM_16") -> bytes:
    """`samples` [n] or [n, channels] as a file."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=form, subtype=codec)
    return stream.getvalue()


def of(samples: Floats) -> Sound:
    return Sound(samples.astype(np.float32), "wav", RATE, 1)


def digits(speaker: str) -> dict[tuple[int, int], Floats]:
    """Every digit that `speaker` of the Free Spoken Digit Dataset says, by (digit, number), as loud as
    any.
    """
    made = {}
    for path in sorted(FSDD.glob(f"*_{speaker}_*.wav")):
        digit, _, number = path.stem.split("_")
        samples = decode(path.read_bytes()).samples
        made[int(digit), int(number)] = samples / np.abs(samples).max() * np.float32(0.5)
    return made


def sequence(parts: Sequence[Floats], pause: float = 0.25) -> Floats:
    """`parts` one after the other, with pauses before, between and after them."""
    silence = np.zeros(round(pause * RATE), dtype=np.float32)
    return np.concatenate([silence, *(piece for part in parts for piece in (part, silence))])


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words to change, add or leave out to get from `heard` to `said`."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def as_digits(text: str) -> list[str]:
    """The words of `text`, numerals as words, digit by digit; what sounds the same is the same."""
    same = {"to": "two", "too": "two", "for": "four", "oh": "zero"}
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return [
        word
        for part in words
        for word in ([WORDS[int(c)] for c in part] if part.isdigit() else [same.get(part, part)])
    ]
