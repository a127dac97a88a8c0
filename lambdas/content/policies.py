"""What content is moderated for, and by what it is seen: the words that training and serving share."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

POLICIES: Final = ("toxicity", "threat", "sexual", "violence")
CHANNELS: Final = ("text", "image", "image_text", "audio", "audio_text")
"""Where a sign of risk may come from: the post's text, the picture itself, text read in the picture, the
sound itself, and what was said in it."""

OK: Final = "ok"
MOST: Final = 10.0
"""Signals are log-odds held within this: no single channel is ever beyond doubt."""

Policy = Literal["toxicity", "threat", "sexual", "violence"]
Severity = Literal["medium", "high", "severe"]

Signals = npt.NDArray[np.float32]
"""[posts, policies, channels]: log-odds of risk; NaN where a channel is absent or says nothing of a policy.
"""


def no_signals(posts: int) -> Signals:
    """Signals of `posts` posts of which nothing is known yet."""
    return np.full((posts, len(POLICIES), len(CHANNELS)), np.nan, dtype=np.float32)


def log_odds(probability: npt.NDArray[np.floating[Any]] | float) -> npt.NDArray[np.float64]:
    """The log-odds of `probability`, held within MOST."""
    held = np.clip(np.asarray(probability, dtype=np.float64), 1e-9, 1 - 1e-9)
    odds: npt.NDArray[np.float64] = np.clip(np.log(held) - np.log1p(-held), -MOST, MOST)
    return odds
