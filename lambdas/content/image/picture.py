"""A picture as the models look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""[height, width, 3], RGB."""

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Frame:
    """One moment of the picture on one background, upright, shrunk to at most `decode.KEPT_PIXELS`."""

    pixels: Pixels
    number: int
    """Which frame of the animation; 0 in a still picture."""
    background: str | None
    """`white` or `black` where the picture is transparent and was laid upon that; None where it is not."""


@dataclass(frozen=True)
class Picture:
    """What `decode` made: the frames that are looked at, of `frames_in_all`, and the size it had, upright."""

    kind: str
    width: int
    height: int
    frames_in_all: int
    frames: tuple[Frame, ...]
