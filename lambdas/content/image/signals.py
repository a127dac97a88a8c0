"""From what the networks say to log-odds of risk by policy, and how much each of their outputs moves it.

Nothing here was tuned on unsafe pictures: none was used. The rule is the simplest that lets two opinions
meet: the mean of their log-odds. What their scores are worth in the end is for the fusion to learn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.image.weapons import WEAPONS
from lambdas.content.policies import MOST

NSFWJS: Final = ("drawing", "hentai", "neutral", "porn", "sexy")
SEXUAL: Final = np.array([0.0, 1.0, 0.0, 1.0, 0.5])
"""What each of those counts for: `sexy`, which is people with little on, by half."""

DRAWN: Final = [0, 1, 2]
HENTAI: Final = np.array([0.0, 1.0, 0.0])
"""Hentai against drawing and neutral alone: so that more of porn or sexy never makes it less."""

OPEN_NSFW: Final = np.array([0.0, 1.0])
"""Of safe, not safe."""

WEAPON_MOST: Final = 2.0
"""The most that a weapon says of violence (.88): a reason to look, never proof."""

FAINTEST: Final = 1e-9

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Opinion:
    """Log-odds of risk, and by network how much they move when each of its logits does, [classes]."""

    value: float
    slopes: dict[str, Vector]

    def times(self, weight: float) -> Opinion:
        """`weight` times what it says."""
        return Opinion(self.value * weight, {name: slope * weight for name, slope in self.slopes.items()})

    def plus(self, other: Opinion) -> Opinion:
        """What two different networks say, added."""
        return Opinion(self.value + other.value, {**self.slopes, **other.slopes})


def softmax(logits: npt.NDArray[Any]) -> Vector:
    """Probabilities of [..., classes]."""
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    shares: Vector = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def odds(name: str, logits: npt.NDArray[Any], counts: Vector) -> Opinion:
    """The log-odds of the classes that count, by `counts` of 0 to 1, against the rest."""
    shares = softmax(logits)
    risk = min(max(float(shares @ counts), FAINTEST), 1 - FAINTEST)
    value = float(np.clip(np.log(risk) - np.log1p(-risk), -MOST, MOST))
    return Opinion(value, {name: shares * (counts - risk) / (risk * (1 - risk))})


def sexual(nsfwjs: npt.NDArray[Any] | None, open_nsfw: npt.NDArray[Any] | None) -> Opinion | None:
    """What the two NSFW networks say, of their logits; None when there is neither.

    The mean of both. Of drawings open_nsfw knows nothing, so there its say is that of one who does not know,
    log-odds of 0: hentai counts by half, when that is more.
    """
    photo = odds("opennsfw", open_nsfw, OPEN_NSFW) if open_nsfw is not None else None
    if nsfwjs is None:
        return photo
    any_kind = odds("nsfwjs", nsfwjs, SEXUAL)
    if photo is None:
        return any_kind
    both, drawn = any_kind.times(0.5).plus(photo.times(0.5)), _hentai(nsfwjs).times(0.5)
    return drawn if drawn.value > both.value else both


def _hentai(nsfwjs: npt.NDArray[Any]) -> Opinion:
    said = odds("nsfwjs", nsfwjs[DRAWN], HENTAI)
    slopes = np.zeros(len(NSFWJS))
    slopes[DRAWN] = said.slopes["nsfwjs"]
    return Opinion(said.value, {"nsfwjs": slopes})


def violence(name: str, logits: npt.NDArray[Any], *, quarter: bool) -> Opinion:
    """What the 1,000 classes say of weapons, at most WEAPON_MOST.

    In four `quarter`s a chance likeness is four times as likely as in the whole: they count for that much
    less.
    """
    counts = np.zeros(logits.shape[-1])
    counts[list(WEAPONS)] = 1.0
    said = odds(name, logits, counts)
    return Opinion(min(said.value - (math.log(4) if quarter else 0.0), WEAPON_MOST), said.slopes)
