"""A heat map laid over its picture, as a PNG. Pillow is imported with the first one."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import numpy.typing as npt

MOST_SIDE: Final = 768
"""Pixels: an explanation has to fit into an answer."""
STRONGEST: Final = 0.65
"""How much of the hottest place is colour."""


def overlay(pixels: npt.NDArray[np.uint8], heat: npt.NDArray[np.float32]) -> tuple[bytes, int, int]:
    """(PNG, width, height) of `pixels`, [h, w, 3], with `heat`, [h', w'], stretched over them.

    The hottest place is red. Nothing shows where the heat is 0 or below, or where it is the same all over.
    The picture goes to grey first, so that its own reds are not taken for heat.
    """
    from PIL import Image  # noqa: PLC0415 - paid with the first explained image

    image = Image.fromarray(pixels)
    image.thumbnail((MOST_SIDE, MOST_SIDE))
    size = image.size
    share = np.clip(np.nan_to_num(heat, nan=0.0), 0.0, None)
    share = share / share.max() if share.max() > share.min() else np.zeros_like(share)
    stretched = Image.fromarray((share * 255).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
    strength = np.asarray(stretched, dtype=np.float32)[:, :, None] / 255.0
    grey = np.asarray(image.convert("L").convert("RGB"), dtype=np.float32)
    mixed = grey * (1.0 - STRONGEST * strength) + _colours(strength) * (STRONGEST * strength)
    out = io.BytesIO()
    Image.fromarray(mixed.astype(np.uint8)).save(out, "PNG", optimize=False, compress_level=6)
    return out.getvalue(), size[0], size[1]


def _colours(strength: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """Yellow where it is warm, red where it is hot."""
    green = 220.0 * (1.0 - strength)
    return np.concatenate([np.full_like(strength, 255.0), green, np.zeros_like(strength)], axis=2)
