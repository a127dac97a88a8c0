"""CSV files of posts for tests of the training pipeline, with pictures and sounds that are there."""

from __future__ import annotations

import csv
import wave
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

BAD = ("you are a worthless idiot", "what a stupid pathetic liar", "shut up you disgusting moron")
FINE = (
    "what a lovely morning",
    "the match starts at eight",
    "thank you for the recipe",
    "my cat sleeps all day",
)


def text_csv(path: Path, rows: int, *, seed: int = 1) -> Path:
    """Comments, half of them bad, with a column `rude` of hate, rude and fine."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(rows):
        bad = k % 2
        words = rng.choice(BAD if bad else FINE)
        made.append({"comment": f"{words} {_word(rng)}", "rude": ("fine", ("hate", "rude")[k % 4 // 2])[bad]})
    return _written(path, made)


def media_csv(path: Path, rows: int, *, sounds: int = 0, seed: int = 2) -> Path:
    """Posts with a picture each: a circle where `nsfw` says yes, a square otherwise. The first `sounds` of
    them have a sound too, a high tone where it says yes."""
    rng = np.random.default_rng(seed)
    (path.parent / "media").mkdir(parents=True, exist_ok=True)
    made = []
    for k in range(rows):
        bad = k % 2 == 1
        picture = f"media/{k}.png"
        _picture(path.parent / picture, rng, bad)
        sound = f"media/{k}.wav" if k < sounds else ""
        if sound:
            _tone(path.parent / sound, rng, 1400 if bad else 220)
        text = f"{rng.choice(FINE)} {_word(rng)}" if k % 3 else ""
        made.append({"comment": text, "picture": picture, "sound": sound, "nsfw": "yes" if bad else "no"})
    return _written(path, made)


def _picture(path: Path, rng: np.random.Generator, circle: bool) -> None:
    image = Image.fromarray(rng.integers(0, 90, (64, 64, 3), dtype=np.uint8))
    x, y = (int(each) for each in rng.integers(2, 30, 2))
    draw = ImageDraw.Draw(image)
    if circle:
        draw.ellipse((x, y, x + 30, y + 30), fill=(220, 180, 160))
    else:
        draw.rectangle((x, y, x + 30, y + 30), fill=(60, 120, 220))
    image.save(path)


def _tone(path: Path, rng: np.random.Generator, pitch: float) -> None:
    time = np.arange(16_000) / 16_000
    samples = 0.4 * np.sin(2 * np.pi * pitch * time) + 0.02 * rng.normal(size=16_000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((samples * 32_000).astype("<i2").tobytes())


def _word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list("abcdefghijklmnop"), 6))


def _written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path
