"""What of a picture is shown to the networks, which see squares only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from lambdas.content.image.picture import Frame, Picture, Pixels
from lambdas.content.image.resize import enough

LONG: Final = 2.0
"""From this ratio of the sides on a picture is also looked at in parts: one square leaves little of it."""

MOST_PARTS: Final = 4
MOST_VIEWS: Final = 6
"""Of one picture: it bounds the time, which is that of so many pictures."""

QUARTERED: Final = 128

FINE: Final = 512
"""Pixels of the shorter side that are kept of a view: twice what a network is shown of the whole. Halving
large photographs changes what is said of them about as much as JPEG's quality 85 instead of 92."""


@dataclass(frozen=True)
class View:
    """Something that is shown: a whole frame, or a part of one. `frame` is its index in Picture.frames.

    Of `pixels` there are only as many as the networks make use of.
    """

    frame: int
    pixels: Pixels


def views(picture: Picture, side: int = FINE) -> list[View]:
    """The whole frames, then the parts of the long ones, at most MOST_VIEWS; none is shown twice.

    Of each the shorter side keeps `side` pixels, if it has so many.
    """
    whole = [View(number, frame.pixels) for number, frame in enumerate(picture.frames)]
    split = [
        View(number, part)
        for number, frame in enumerate(picture.frames)
        for part in parts(frame)
        if part.shape != frame.pixels.shape
    ]
    different: list[View] = []
    for view in (*whole, *split):
        if not any(np.array_equal(view.pixels, seen.pixels) for seen in different):
            different.append(view)
    return [View(view.frame, enough(view.pixels, side)) for view in different[:MOST_VIEWS]]


def quarters(pixels: Pixels) -> list[Pixels]:
    """The four quarters, top left first; none of a picture that has no QUARTERED pixels a side."""
    height, width = (side // 2 for side in pixels.shape[:2])
    if min(height, width) * 2 < QUARTERED:
        return []
    return [
        part for half in (pixels[:height], pixels[height:]) for part in (half[:, :width], half[:, width:])
    ]


def parts(frame: Frame) -> list[Pixels]:
    """`frame` cut across its long side into at most MOST_PARTS equal parts, which together are all of it."""
    height, width = frame.pixels.shape[:2]
    long, short = max(height, width), min(height, width)
    count = min(MOST_PARTS, math.ceil(long / short / LONG), long) if long >= LONG * short else 1
    return np.array_split(frame.pixels, count, axis=0 if height >= width else 1)
