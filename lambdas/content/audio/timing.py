"""Whisper's time stamps: tokens that say when something was said, in steps of 20 ms.

They come in pairs around each phrase, and never go back; a model that is left alone does not keep to that.
The rules are those of `ApplyTimestampRules` in whisper/decoding.py of openai/whisper (MIT).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lambdas.content.audio.sound import Floats
from lambdas.content.audio.tokens import Tokens

STEP: Final = 0.02
LATEST_START: Final = 50
"""Steps: the first phrase begins within a second."""


@dataclass(frozen=True)
class Phrase:
    """[first, last) of the tokens that were said, and from when to when, in seconds."""

    first: int
    last: int
    start: float
    end: float


def allow(logits: Floats, said: Sequence[int], known: Tokens) -> None:
    """Rule out, in place, what cannot follow `said`."""
    zero = known.zero
    if not said:
        logits[:zero] = -np.inf
        logits[zero + LATEST_START + 1 :] = -np.inf
        return
    closing = said[-1] >= zero and len(said) > 1 and said[-2] < zero
    if closing:
        logits[: known.end] = -np.inf
    elif said[-1] >= zero:
        logits[zero:] = -np.inf
    latest = max(token for token in said if token >= zero)
    logits[zero : latest if closing else latest + 1] = -np.inf
    # Any time at all against the likeliest word.
    most = logits[zero:].max()
    if np.isfinite(most) and most + np.log(np.exp(logits[zero:] - most).sum()) > logits[:zero].max():
        logits[:zero] = -np.inf


def phrases(said: Sequence[int], known: Tokens, seconds: float) -> list[Phrase]:
    """The phrases in `said`, in order, none empty; what was not closed ends with the sound, at `seconds`."""
    made: list[Phrase] = []
    start, first = 0.0, 0
    for k, token in enumerate([*said, known.zero + round(seconds / STEP)]):
        if token < known.zero:
            continue
        at = min((token - known.zero) * STEP, seconds)
        if k > first:
            made.append(Phrase(first, k, start, max(at, start)))
        start, first = at, k + 1
    return made
