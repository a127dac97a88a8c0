"""An encoder of sounds of the user's own, such as wav2vec2: one graph over the waveform itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from lambdas.content.audio.sound import RATE, Floats
from lambdas.core.model import OnnxModel

INPUT: Final = "sound"
EMBEDDING: Final = "embedding"
LONGEST: Final = 10 * RATE
"""Samples of a part: a transformer's memory grows with the square of the length."""
LEAST_SAMPLES: Final = RATE // 2
"""What is shorter is filled up with silence."""
FAINTEST: Final = 1e-7


class OwnEncoder:
    """`settings`: `{"kind": "onnx", "folder", "file", "normalise"}`. The graph takes `sound` float32
    [n, samples], RATE a second, and gives `embedding` [n, D]; with `normalise` a sound is made to have mean 0
    and variance 1.

    Raises BundleError when the graph cannot be opened or run.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], *, threads: int = 1) -> None:
        self._model = OnnxModel(folder, settings["file"], threads=threads)
        self._normalise = bool(settings["normalise"])

    def features(self, samples: Floats) -> Floats:
        """[D]: the mean of the embeddings of equal parts, none longer than LONGEST."""
        shaped = normalised(samples) if self._normalise else samples
        shaped = np.pad(shaped, (0, max(0, LEAST_SAMPLES - len(shaped))))
        parts = np.array_split(shaped, max(1, -(-len(shaped) // LONGEST)))
        found = [self._model.run({INPUT: part[None]}, [EMBEDDING])[EMBEDDING][0] for part in parts]
        return np.asarray(np.stack(found).mean(axis=0, dtype=np.float64), dtype=np.float32)


def normalised(samples: Floats) -> Floats:
    """`samples` with mean 0 and variance 1, as transformers' Wav2Vec2FeatureExtractor makes them."""
    if not len(samples):
        return samples
    double = samples.astype(np.float64)
    double -= double.mean()
    double /= np.sqrt(double.var() + FAINTEST)
    return double.astype(np.float32)
