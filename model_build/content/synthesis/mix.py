"""What posts are drawn from at one row: as the parameters say, or as a shift has moved it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from model_build.content.synthesis.groups import GROUPS
from model_build.content.synthesis.shift import (
    LANGUAGES_AFTER,
    PLAYFUL_AFTER,
    RISKY_AFTER,
    Shift,
    breaking_after,
    topics_after,
)
from model_build.text.mixes import blend

RISKY: Final = 0.45
"""The share of pictures and sounds that break something."""
_GROUPS: Final = {name: group.share for name, group in GROUPS.items()}


@dataclass(frozen=True)
class Mix:
    """Shares: of `languages` and `groups` of posts, of harmless texts whose letters are played with, of
    pictures and sounds that break something."""

    languages: Mapping[str, float]
    playful: float
    groups: Mapping[str, float]
    risky: float = RISKY


def mix_of(languages: Mapping[str, float], playful: float, shift: Shift | None, row: int) -> Mix:
    """What row number `row` is drawn from."""
    base = Mix(languages, playful, _GROUPS)
    if shift is None:
        return base
    if moved := shift.strength_of("covariate", row):
        return replace(
            base,
            languages=blend(languages, LANGUAGES_AFTER, moved),
            playful=playful + moved * (PLAYFUL_AFTER - playful),
            groups=blend(_GROUPS, topics_after(), moved),
        )
    if moved := shift.strength_of("prior", row):
        return replace(
            base,
            groups=blend(_GROUPS, breaking_after(), moved),
            risky=RISKY + moved * (RISKY_AFTER - RISKY),
        )
    return base


def newly_broken(shift: Shift | None, group: str, row: int, seed: int) -> frozenset[str]:
    """What a post of `group` breaks besides since a concept shift."""
    if shift is None or group not in shift.groups:
        return frozenset()
    # Numbers of its own: the text and the wrong labels stay as they were.
    rng = random.Random(f"{seed}/{row}/shift")
    return frozenset({shift.to}) if rng.random() < shift.strength_of("concept", row) else frozenset()
