"""Pictures that tests draw: nothing unsafe is among them, and none is of somebody else."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from lambdas.content.image.picture import Frame, Picture, Pixels

DARK, WOOD, STEEL = (35, 35, 38), (96, 60, 30), (105, 108, 115)
SIDE = 400
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture(*frames: Image.Image) -> Picture:
    """A picture whose frames are looked at as they are."""
    made = tuple(Frame(np.asarray(frame.convert("RGB")), number, None) for number, frame in enumerate(frames))
    return Picture("png", frames[0].width, frames[0].height, len(frames), made)


def scene(width: int = 160, height: int = 120) -> Image.Image:
    """Something with colours and edges: the four corners differ."""
    image = Image.new("RGB", (width, height), (200, 220, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2, height // 2), fill=(220, 40, 30))
    draw.rectangle((width // 2, height // 2, width, height), fill=(20, 60, 200))
    draw.ellipse((width // 8, height // 2, width // 2, height - 1), fill=(30, 160, 60))
    return image


def rifle() -> Image.Image:
    """An assault rifle from the side, a little out of focus as photographs are."""
    image = Image.new("RGB", (SIDE, SIDE), (235, 232, 225))
    draw = ImageDraw.Draw(image)
    draw.polygon([(20, 205), (110, 190), (120, 215), (30, 250)], fill=WOOD)
    draw.polygon([(110, 185), (230, 185), (230, 212), (110, 215)], fill=DARK)
    draw.rectangle((230, 188, 385, 196), fill=DARK)
    draw.rectangle((230, 198, 310, 210), fill=WOOD)
    draw.polygon([(180, 212), (205, 212), (225, 270), (195, 275)], fill=DARK)
    draw.polygon([(130, 212), (150, 212), (142, 255), (122, 250)], fill=DARK)
    draw.rectangle((372, 178, 378, 190), fill=DARK)
    draw.rectangle((150, 172, 220, 180), fill=DARK)
    return image.filter(ImageFilter.GaussianBlur(2))


def revolver() -> Image.Image:
    image = Image.new("RGB", (SIDE, SIDE), (240, 240, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((180, 130, 380, 158), fill=(60, 62, 66))
    draw.rectangle((190, 160, 330, 172), fill=(80, 82, 88))
    draw.polygon([(110, 125), (230, 125), (230, 205), (120, 205)], fill=(60, 62, 66))
    draw.rounded_rectangle((150, 140, 225, 200), 12, fill=STEEL)
    for row in range(3):
        draw.rectangle((155, 150 + row * 16, 220, 153 + row * 16), fill=(50, 50, 55))
    draw.polygon([(70, 190), (125, 170), (150, 210), (110, 330), (50, 310)], fill=(90, 50, 25))
    draw.polygon([(95, 110), (125, 118), (118, 140), (100, 135)], fill=(60, 62, 66))
    draw.arc((140, 190, 215, 260), 0, 180, fill=(60, 62, 66), width=8)
    draw.line([(178, 205), (172, 240)], fill=(60, 62, 66), width=7)
    draw.polygon([(368, 120), (378, 120), (378, 132), (362, 132)], fill=(60, 62, 66))
    return image.filter(ImageFilter.GaussianBlur(2))


def missile() -> Image.Image:
    image = Image.new("RGB", (SIDE, SIDE), (120, 170, 225))
    draw = ImageDraw.Draw(image)
    draw.rectangle((180, 90, 220, 320), fill=(225, 225, 225))
    draw.polygon([(180, 90), (200, 30), (220, 90)], fill=(180, 40, 40))
    draw.polygon([(180, 260), (140, 325), (180, 320)], fill=(90, 90, 95))
    draw.polygon([(220, 260), (260, 325), (220, 320)], fill=(90, 90, 95))
    draw.rectangle((180, 150, 220, 160), fill=(40, 40, 40))
    draw.polygon([(185, 320), (200, 385), (215, 320)], fill=(250, 170, 40))
    return image


def text(
    *lines: str, size: int = 24, shape: tuple[int, int] = (800, 400), font: str = "DejaVuSans.ttf"
) -> Image.Image:
    """Dark lines of text on white."""
    image = Image.new("RGB", shape, (250, 250, 250))
    draw, letters = ImageDraw.Draw(image), ImageFont.truetype(str(FONTS / font), size)
    for number, line in enumerate(lines):
        draw.text((30, 30 + number * size * 1.8), line, font=letters, fill=(20, 20, 20))
    return image


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"))
