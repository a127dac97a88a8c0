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
"""By network (`nsfwjs`, `opennsfw`, `encoder`; those that there are), its outputs of one view."""

OPINIONS: Final = ("sexual", "violence")
"""The policies that the packaged networks tell of, in the order in which the features carry them."""


def opinions(said: Said) -> dict[str, Opinion]:
    """What the packaged networks say, by policy; without those of which they say nothing."""
    made: dict[str, Opinion] = {}
    nsfwjs, open_nsfw = (said[name][LOGITS] if name in said else None for name in ("nsfwjs", "opennsfw"))
    sexual = signals.sexual(nsfwjs, open_nsfw)
    if sexual is not None:
        made["sexual"] = sexual
    if LOGITS in said.get("encoder", {}):
        made["violence"] = signals.violence(said["encoder"][LOGITS])
    return made


def features(said: Said, told: Mapping[str, Opinion]) -> Floats:
    """[D]: the embedding, then the log-odds of OPINIONS (0 for none). What a trained head is given."""
    embedding = said.get("encoder", {}).get(EMBEDDING, np.zeros(0))
    packaged = [told[policy].value if policy in told else 0.0 for policy in OPINIONS]
    return np.concatenate([embedding, packaged]).astype(np.float32)


def scores(said: Said) -> dict[str, float]:
    """The networks' own words, 0 to 1: `nsfwjs_<class>`, `open_nsfw`, and the weapons in all and by name."""
    made: dict[str, float] = {}
    if "nsfwjs" in said:
        shares = signals.softmax(said["nsfwjs"][LOGITS])
        made |= {f"nsfwjs_{name}": float(share) for name, share in zip(signals.NSFWJS, shares, strict=True)}
    if "opennsfw" in said:
        made["open_nsfw"] = float(signals.softmax(said["opennsfw"][LOGITS])[1])
    if LOGITS in said.get("encoder", {}):
        shares = signals.softmax(said["encoder"][LOGITS])
        made["weapon"] = float(shares[list(WEAPONS)].sum())
        made |= {f"weapon_{name.replace(' ', '_')}": float(shares[row]) for row, name in WEAPONS.items()}
    return made
