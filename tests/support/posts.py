"""Pictures and sounds for tests, made here: nothing in them is anybody's."""

from __future__ import annotations

import base64
import io

import numpy as np
import soundfile
from PIL import Image

RATE = 16_000
VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (660, 1720, 2410))


def png(colour: tuple[int, int, int] = (200, 120, 40), size: tuple[int, int] = (96, 64)) -> bytes:
    """A picture of one colour with a darker block in it."""
    pixels = np.empty((size[1], size[0], 3), dtype=np.uint8)
    pixels[:] = colour
    pixels[size[1] // 4 : size[1] // 2, size[0] // 4 : size[0] // 2] //= 2
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def jpeg(seed: int = 0, size: tuple[int, int] = (128, 96)) -> bytes:
    """A picture of coarse noise."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(coarse).resize(size).save(out, "JPEG", quality=85)
    return out.getvalue()


def wav(seconds: float = 1.0, frequency: float = 440.0) -> bytes:
    """A tone."""
    times = np.arange(int(seconds * RATE)) / RATE
    out = io.BytesIO()
    soundfile.write(out, 0.3 * np.sin(2 * np.pi * frequency * times), RATE, format="WAV")
    return out.getvalue()


def as_data(raw: bytes) -> dict[str, str]:
    """`raw` as a request carries it."""
    return {"data": base64.b64encode(raw).decode()}


def voice(seconds: float, seed: int = 0) -> bytes:
    """Vowels and breath as a mouth would shape them: no word, and speech to what listens for speech."""
    rng = np.random.default_rng(seed)
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < seconds * RATE:
        count = int(RATE * rng.uniform(0.12, 0.25))
        pitch = np.linspace(rng.uniform(110, 150), rng.uniform(90, 130), count)
        pulses = np.diff(np.floor(np.cumsum(pitch / RATE)), prepend=0) + rng.normal(0, 0.01, count)
        for formant, width in zip(VOWELS[rng.integers(len(VOWELS))], (80, 100, 120), strict=True):
            pulses = _resonated(pulses, formant, width)
        parts.append(pulses / np.abs(pulses).max() * np.sqrt(np.hanning(count)))
        pause = int(RATE * rng.uniform(0.02, 0.08))
        parts.append(rng.normal(0, 0.05, pause) * np.hanning(pause))
    out = io.BytesIO()
    soundfile.write(out, np.concatenate(parts)[: int(seconds * RATE)] * 0.5, RATE, format="WAV")
    return out.getvalue()


def _resonated(samples: np.ndarray, hertz: float, width: float) -> np.ndarray:
    """`samples` through a resonance at `hertz`, `width` wide (Klatt 1980)."""
    radius = np.exp(-np.pi * width / RATE)
    first, second = 2 * radius * np.cos(2 * np.pi * hertz / RATE), -radius * radius
    made, last, before = np.zeros_like(samples), 0.0, 0.0
    for k, value in enumerate(samples):
        last, before = value + first * last + second * before, last
        made[k] = last
    return made
