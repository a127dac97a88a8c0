"""What all networks say of one view, put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from lambdas.content.image import signals
from lambdas.content.image.networks import EMBEDDING, LOGITS
from lambdas.content.image.picture import Array, Floats
from lambdas.content.image.signals import Opinion
from lambdas.content.image.weapons import WEAPONS

Said = Mapping[str, Mapping[str, Array]]
"""By network (`nsfwjs`, `opennsfw`, `encoder`; those that there are), its outputs of one view;
what the encoder says of a quarter of it stands under that quarter's name."""

ENCODER: Final = "encoder"
OWN: Final = "own"
"""An encoder of the user's own, beside the packaged one: of it only the embedding is taken."""

QUARTERS: Final = ("quarter_0", "quarter_1", "quarter_2", "quarter_3")
"""Top left, top right, bottom left, bottom right. A weapon is mostly a small part of a picture, and of what
is less than a third of it the encoder says little; so it looks at the quarters too."""

OPINIONS: Final = ("sexual", "violence")
"""The policies that the packaged networks tell of, in the order in which the features carry them."""


def opinions(said: Said) -> dict[str, Opinion]:
    """What the packaged networks say, by policy; without those of which they say nothing."""
    made: dict[str, Opinion] = {}
    nsfwjs, open_nsfw = (said[name][LOGITS] if name in said else None for name in ("nsfwjs", "opennsfw"))
    sexual = signals.sexual(nsfwjs, open_nsfw)
    if sexual is not None:
        made["sexual"] = sexual
    looks = weapons(said)
    if looks:
        made["violence"] = max(looks.values(), key=lambda opinion: opinion.value)
    return made


def weapons(said: Said) -> dict[str, Opinion]:
    """What the whole and each quarter say of weapons, by the name of the look."""
    return {
        name: signals.violence(name, said[name][LOGITS], quarter=name != ENCODER)
        for name in (ENCODER, *QUARTERS)
        if LOGITS in said.get(name, {})
    }


def features(said: Said, told: Mapping[str, Opinion]) -> Floats:
    """[D]: the embedding, of the user's own encoder where there is one, then the log-odds of OPINIONS (0 for
    none). What a trained head is given."""
    embedding = said.get(OWN, said.get(ENCODER, {})).get(EMBEDDING, np.zeros(0))
    packaged = [told[policy].value if policy in told else 0.0 for policy in OPINIONS]
    return np.concatenate([embedding, packaged]).astype(np.float32)


def scores(said: Said) -> dict[str, float]:
    """The networks' own words, 0 to 1: `nsfwjs_<class>`, `open_nsfw`, and the weapons in all and by name.

    The weapons are those of the whole or the quarter where there is most of them.
    """
    made: dict[str, float] = {}
    if "nsfwjs" in said:
        shares = signals.softmax(said["nsfwjs"][LOGITS])
        made |= {f"nsfwjs_{name}": float(share) for name, share in zip(signals.NSFWJS, shares, strict=True)}
    if "opennsfw" in said:
        made["open_nsfw"] = float(signals.softmax(said["opennsfw"][LOGITS])[1])
    if LOGITS in said.get(ENCODER, {}):
        looks = [signals.softmax(said[name][LOGITS]) for name in weapons(said)]
        shares = max(looks, key=lambda look: float(look[list(WEAPONS)].sum()))
        made["weapon"] = float(shares[list(WEAPONS)].sum())
        made |= {f"weapon_{name.replace(' ', '_')}": float(shares[row]) for row, name in WEAPONS.items()}
    return made
