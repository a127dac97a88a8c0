"""A picture and a sound to call a fresh endpoint with: made here, so that they are nobody's."""

from __future__ import annotations

import base64
import io
import math
import struct
import wave

from PIL import Image, ImageDraw, ImageFont

RATE = 16_000


def picture(words: str) -> bytes:
    """A PNG of a sunset over a sea, with `words` written on it."""
    image = Image.new("RGB", (480, 320))
    draw = ImageDraw.Draw(image)
    for y in range(200):
        draw.line([(0, y), (480, y)], fill=(70 + y // 2, 110 + y // 3, 190 - y // 3))
    draw.rectangle((0, 200, 480, 320), fill=(20, 70, 110))
    draw.ellipse((200, 140, 280, 220), fill=(250, 200, 90))
    draw.rectangle((0, 200, 480, 320), fill=(20, 70, 110))
    draw.text((60, 240), words, fill=(255, 255, 255), font=ImageFont.load_default(36))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def tone(seconds: float = 1.0) -> bytes:
    """A WAV of two notes, in which nobody speaks."""
    count = int(seconds * RATE)
    values = (
        9_000 * math.sin(2 * math.pi * (440 if k < count // 2 else 550) * k / RATE) for k in range(count)
    )
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", int(value)) for value in values))
    return out.getvalue()


def inline(raw: bytes) -> dict[str, str]:
    """`raw` as a request carries it."""
    return {"data": base64.b64encode(raw).decode()}
