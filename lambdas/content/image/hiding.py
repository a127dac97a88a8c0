"""Where in a picture a risk is seen, for a network that does not tell: by hiding one place after the other.

Each place takes a run of the network while somebody waits. So the first run is timed, and of a slow network
fewer and larger places are hidden.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from lambdas.content.errors import TooSlow
from lambdas.content.image.heat import on_grid
from lambdas.content.image.picture import Floats, Pixels

PLACES: Final = 7
"""Places each way that are hidden when there is time."""

FEWEST: Final = 2
PLANNED: Final = 0.8
"""The part of the time that is planned with: runs are not all equally fast."""

Clock = Callable[[], float]


class HeatMap(NamedTuple):
    """`values` [h, w] over all of what was asked of, the log-odds each place speaks for; and in what it is
    worse than it could be, None when it is not."""

    values: Floats
    note: str | None = None


def by_hiding(
    pixels: Pixels,
    value: Callable[[Pixels], float],
    until: float = math.inf,
    clock: Clock = time.perf_counter,
) -> HeatMap:
    """[GRID, GRID]: `value` of the view, and what it loses when that place is painted in the mean colour.

    It ends by `until`, in the time of `clock`: of places that could not be reached it says what it says of
    the average one. Raises TooSlow when there is not even time for FEWEST x FEWEST places.
    """
    began = clock()
    whole = value(pixels)
    each = clock() - began
    side = _side(until - clock(), each)
    lost = np.full(side * side, np.nan)
    mean = pixels.mean(axis=(0, 1)).astype(np.uint8)
    # In a mixed order, so that what there is no time for is not all at one edge.
    for place in np.random.default_rng(0).permutation(side * side):
        if clock() + each > until:
            break
        lost[place] = whole - value(_without(pixels, int(place), side, mean))
    reached = ~np.isnan(lost)
    if not reached.any():
        raise TooSlow(_slow(each))
    lost = np.where(reached, lost - lost[reached].mean(), 0.0)
    return HeatMap(whole + on_grid(lost.reshape(side, side), 0), _note(side, each, int((~reached).sum())))


def _side(seconds: float, each: float) -> int:
    """How many places each way there is time for, PLACES at most. Raises TooSlow under FEWEST."""
    for side in range(PLACES, FEWEST - 1, -1):
        if side * side * each <= PLANNED * seconds:
            return side
    raise TooSlow(_slow(each))


def _without(pixels: Pixels, place: int, side: int, colour: Pixels) -> Pixels:
    """`pixels` with one place of `side` x `side`, counted row by row, in that colour."""
    row, column = divmod(place, side)
    down, across = (np.linspace(0, size, side + 1).round().astype(int) for size in pixels.shape[:2])
    hidden = pixels.copy()
    hidden[down[row] : down[row + 1], across[column] : across[column + 1]] = colour
    return hidden


def _note(side: int, each: float, missed: int) -> str | None:
    if side == PLACES and not missed:
        return None
    coarse = f"{side} x {side} places instead of {PLACES} x {PLACES}"
    cut = f", {missed} of which there was no time for" if missed else ""
    return f"the heat map is coarse, {coarse}{cut}: its encoder takes {each:.1f} s for each of them"


def _slow(each: float) -> str:
    said = f"its encoder takes {each:.1f} s for each look at it, too long for a heat map in the time left"
    return f"{said}; asked again, its models are open already, which leaves more"
