"""Boxes around text, from the map of where text probably is.

As the detector's authors do it (Liao et al. 2020, "Real-time Scene Text Detection with Differentiable
Binarization"): what is over a threshold hangs together in pieces, each piece is the core of a text, and grows
to its full size. Boxes are upright: text that is much rotated comes out in a box with too much around it,
and is mostly not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lambdas.content.image.components import Runs, Whole, components
from lambdas.content.image.picture import Array, Floats

TEXT_FROM: Final = 0.3
SURE_FROM: Final = 0.5
GROWTH: Final = 1.6
LEAST_SIDE: Final = 3


@dataclass(frozen=True)
class Box:
    """From `left`, `top` to before `right`, `bottom`, in pixels of the map."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def find(probability: Floats, most: int) -> list[Box]:
    """The boxes of `probability` [h, w], at most `most` of them, the largest; in reading order."""
    runs = components(_thick(probability > TEXT_FROM))
    if runs.row.size == 0:
        return []
    left, top, right, bottom = _bounds(runs)
    sure = _means(probability, runs) >= SURE_FROM
    large = np.minimum(right - left, bottom - top) >= LEAST_SIDE
    chosen = np.flatnonzero(sure & large)
    area = ((right - left) * (bottom - top))[chosen]
    chosen = chosen[np.argsort(-area, kind="stable")[:most]]
    corners = (side[chosen].tolist() for side in (left, top, right, bottom))
    grown = [_grown(*each) for each in zip(*corners, strict=True)]
    return [box for line in lines(grown) for box in line]


def lines(boxes: list[Box]) -> list[list[Box]]:
    """The boxes by line from the top, each line from the left; half its height shared makes a line."""
    made: list[list[Box]] = []
    for box in sorted(boxes, key=lambda one: one.top + one.bottom):
        if made and _beside(made[-1][-1], box):
            made[-1].append(box)
        else:
            made.append([box])
    return [sorted(line, key=lambda one: one.left) for line in made]


def _beside(one: Box, other: Box) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > 0.5 * min(one.height, other.height)


def _thick(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """`mask` grown by a pixel to the right and below, which closes the gaps between letters."""
    thick = mask.copy()
    thick[:, 1:] |= mask[:, :-1]
    thick[1:] |= thick[:-1].copy()
    return thick


def _bounds(runs: Runs) -> tuple[Whole, Whole, Whole, Whole]:
    """The left, top, right and bottom of each component."""
    count = int(runs.component.max()) + 1
    far = np.iinfo(np.int64).max
    left, top = np.full(count, far), np.full(count, far)
    right, bottom = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    np.minimum.at(left, runs.component, runs.start)
    np.minimum.at(top, runs.component, runs.row)
    np.maximum.at(right, runs.component, runs.end)
    np.maximum.at(bottom, runs.component, runs.row + 1)
    return left, top, right, bottom


def _means(probability: Floats, runs: Runs) -> Array:
    """The mean probability of each component."""
    sums = np.zeros((probability.shape[0], probability.shape[1] + 1))
    np.cumsum(probability, axis=1, out=sums[:, 1:])
    of_runs = sums[runs.row, runs.end] - sums[runs.row, runs.start]
    sizes = np.bincount(runs.component, weights=runs.end - runs.start)
    return np.bincount(runs.component, weights=of_runs) / sizes


def _grown(left: float, top: float, right: float, bottom: float) -> Box:
    width, height = right - left, bottom - top
    distance = width * height * GROWTH / (2 * (width + height))
    return Box(left - distance, top - distance, right + distance, bottom + distance)
