"""Where in a picture a risk is seen.

By class activation maps (Zhou et al. 2016, "Learning Deep Features for Discriminative Localization"): the
graphs tell their logits at each of 7 x 7 places, such that the mean over the places is the logit. That is
one run of the networks; hiding one place after the other (`hiding.py`) takes up to 50, and is done only for a
graph that does not tell.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lambdas.content.image.networks import CELLS, LOGITS
from lambdas.content.image.picture import Array, Floats
from lambdas.content.image.resize import resized
from lambdas.content.image.seen import ENCODER, QUARTERS, Said, weapons
from lambdas.content.image.signals import Opinion

GRID: Final = 16
"""Places each way of a view: open_nsfw sees the middle 14 of them."""

INSET: Final = {"opennsfw": 1}


def can_tell(said: Said, opinion: Opinion) -> bool:
    """Whether every network that the opinion rests on tells what each place says."""
    return all(CELLS in said[name] for name in opinion.slopes)


def by_cells(said: Said, opinion: Opinion) -> Floats:
    """[GRID, GRID]: to first order, what `opinion` would be were all of the view as that place is."""
    grid = np.full((GRID, GRID), opinion.value, dtype=np.float32)
    for name, slope in opinion.slopes.items():
        moved = said[name][CELLS] @ slope - said[name][LOGITS] @ slope
        grid += on_grid(moved, INSET.get(name, 0))
    return grid


def of_weapons(said: Said) -> Floats:
    """[2 * GRID, 2 * GRID]: of each place what the whole says, or the quarter it is in, whichever is more."""
    looks = {name: by_cells(said, opinion) for name, opinion in weapons(said).items()}
    whole = resized(looks[ENCODER], (2 * GRID, 2 * GRID))
    if QUARTERS[0] not in looks:
        return whole
    first, second, third, fourth = (looks[name] for name in QUARTERS)
    quartered: Floats = np.block([[first, second], [third, fourth]])
    return np.maximum(whole, quartered)


def on_grid(cells: Array, inset: int) -> Floats:
    """`cells` as [GRID, GRID]; `inset` places at each edge were not seen, and are as those beside them."""
    side = GRID - 2 * inset
    return np.pad(resized(cells.astype(np.float32), (side, side)), inset, mode="edge")
