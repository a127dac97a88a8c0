"""A sound as the models listen to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

RATE: Final = 16_000
"""Samples a second: what every model here was trained on."""

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Sound:
    """What `decode` made: `samples` float32 [n] within +-1, one channel, RATE a second.

    `kind` is what the file was, `rate` and `channels` what it had.
    """

    samples: Floats
    kind: str
    rate: int
    channels: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / RATE


@dataclass(frozen=True)
class Segment:
    """A part of a sound, in seconds from its beginning, and what was said in it."""

    start: float
    end: float
    text: str = ""
    confidence: float = float("nan")
    """The mean probability of the words, 0 to 1; NaN before they are known. Below about 0.4 they are
    guesses.
    """

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start

    def of(self, samples: Floats) -> Floats:
        """The segment's samples of those of the sound."""
        return samples[round(self.start * RATE) : round(self.end * RATE)]
