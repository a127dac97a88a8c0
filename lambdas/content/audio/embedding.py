"""What a sound is like, as numbers for a head trained on the user's own sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from lambdas.content.audio.sound import Floats
from lambdas.core.model import OnnxModel

MELS: Final = "melspectrogram.onnx"
EMBEDDING: Final = "embedding.onnx"
WINDOW: Final = 76
"""Steps of 10 ms that one embedding sees."""
STRIDE: Final = 8
BANDS: Final = 32
NUMBERS: Final = 96
FEATURES: Final = 2 * NUMBERS
BATCH: Final = 16
"""Windows of a run: with 64 it takes 100 MB more, and no less time."""
LEAST_SAMPLES: Final = 12_640
"""Enough for one window; what is shorter is filled up with silence."""


class SoundEmbedding:
    """Methods raise BundleError when a graph cannot be opened or run."""

    def __init__(self, folder: Path) -> None:
        self._mels = OnnxModel(folder, MELS)
        self._embedding = OnnxModel(folder, EMBEDDING)

    def embeddings(self, samples: Floats) -> Floats:
        """[windows, NUMBERS], a window every 80 ms, at least one."""
        filled = np.pad(samples, (0, max(0, LEAST_SAMPLES - len(samples))))
        decibels = self._mels.run({"input": filled[None]})["output"].reshape(-1, BANDS)
        # As the packaged pipeline scales them.
        scaled = (decibels / 10.0 + 2.0).astype(np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(scaled, WINDOW, axis=0)[::STRIDE]
        made = []
        for start in range(0, len(windows), BATCH):
            part = np.ascontiguousarray(windows[start : start + BATCH].transpose(0, 2, 1))[..., None]
            made.append(self._embedding.run({"input_1": part})["conv2d_19"].reshape(-1, NUMBERS))
        return np.concatenate(made)

    def features(self, samples: Floats) -> Floats:
        """[FEATURES]: the mean of the embeddings over time, then the most of each of their numbers."""
        found = self.embeddings(samples)
        return np.concatenate([found.mean(axis=0), found.max(axis=0)]).astype(np.float32)
