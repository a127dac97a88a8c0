from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from lambdas.content.audio.embedding import FEATURES, NUMBERS, SoundEmbedding
from tests.unit.lambdas.content.audio.sounds import Floats, noise, sequence, tone

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def embedding(folders: Mapping[str, Path]) -> SoundEmbedding:
    return SoundEmbedding(folders["sound"])


def test_it_is_window_by_window_what_the_packaged_graphs_give(
    embedding: SoundEmbedding, folders: Mapping[str, Path]
) -> None:
    samples = noise(3.0) + tone(3.0)
    mels, inner = (
        onnxruntime.InferenceSession(folders["sound"] / name)
        for name in ("melspectrogram.onnx", "embedding.onnx")
    )
    steps = mels.run(None, {"input": samples[None]})[0][0, 0] / 10 + 2
    made = embedding.embeddings(samples)
    assert made.shape == ((len(steps) - 76) // 8 + 1, NUMBERS)
    for k in (0, 7, len(made) - 1):
        window = steps[k * 8 : k * 8 + 76][None, :, :, None].astype(np.float32)
        assert made[k] == pytest.approx(inner.run(None, {"input_1": window})[0].ravel(), abs=1e-3)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.5, 0.79, 0.8, 12.0])
def test_any_length_has_features(embedding: SoundEmbedding, seconds: float) -> None:
    features = embedding.features(tone(seconds))
    assert features.shape == (FEATURES,)
    assert np.isfinite(features).all()


def test_like_sounds_are_nearer_than_unlike_ones(
    embedding: SoundEmbedding, digits: dict[tuple[int, int], Floats]
) -> None:
    speech = [embedding.features(sequence([digits[d, n] for d in (1, 2, 3)])) for n in (0, 1)]
    other = embedding.features(noise(2.0))
    assert np.linalg.norm(speech[0] - speech[1]) < np.linalg.norm(speech[0] - other)
