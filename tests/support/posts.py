"""Pictures and sounds for tests, made here: nothing in them is anybody's."""

from __future__ import annotations

import base64
import io

import numpy as np
import soundfile
from PIL import Image

RATE = 16_000


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
