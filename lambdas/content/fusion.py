"""What all channels say of a post, as one probability a policy.

For each policy the log-odds are c + sum over the present channels of (w x + b) + v max over them of x, with
w and v at or above 0: more risk in any channel is never less risk of the post, whichever others are there.
What is absent is NaN and adds nothing. Where every channel is, the probability is the policy's share in the
training data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.policies import CHANNELS, POLICIES
from lambdas.core.errors import BundleError
from lambdas.core.model import OnnxModel

FUSION: Final = "fusion.onnx"
SIGNALS: Final = "signals"
WIDTH: Final = len(POLICIES) * len(CHANNELS)


def output_of(policy: str) -> str:
    """The graph's output about `policy`, which is also that of the manifest's head."""
    return f"{policy}_probabilities"


class Fusion:
    """The fusion graph of a bundle, tried once. Raises BundleError when it is missing or another's."""

    def __init__(self, folder: Path) -> None:
        self._model = OnnxModel(folder, FUSION)
        missing = [policy for policy in POLICIES if output_of(policy) not in self._model.outputs]
        if missing:
            raise BundleError(f"{folder.name}: {FUSION} says nothing of {', '.join(missing)}")
        nothing = self.probabilities(np.full((1, WIDTH), np.nan, dtype=np.float32))
        if nothing.shape != (1, len(POLICIES)) or not np.isfinite(nothing).all():
            raise BundleError(f"{folder.name}: {FUSION} gives no probabilities for a post without channels")

    def probabilities(self, signals: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """The calibrated probability of each policy, [posts, policies], from signals [posts, policies,
        channels] with NaN for what is absent. Raises BundleError."""
        flat = np.ascontiguousarray(signals, dtype=np.float32).reshape(len(signals), WIDTH)
        found = self._model.run({SIGNALS: flat})
        return np.stack([found[output_of(policy)][:, 1] for policy in POLICIES], axis=1).astype(np.float64)
