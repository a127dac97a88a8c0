from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from lambdas.core.bundle import sha256_of
from model_build.pretrained import sound

pytestmark = pytest.mark.unit


def test_they_are_the_packaged_graphs(tmp_path: Path) -> None:
    made = sound.make(tmp_path)
    assert set(made.files) == {"melspectrogram.onnx", "embedding.onnx"}
    for name, path in made.files.items():
        assert sha256_of(path) == sound.SHA256[sound.PACKAGED[name]]
    mels, embedding = (
        onnxruntime.InferenceSession(made.files[name], providers=["CPUExecutionProvider"])
        for name in ("melspectrogram.onnx", "embedding.onnx")
    )
    (steps,) = mels.run(None, {"input": np.zeros((1, 12_640), np.float32)})
    assert steps.shape == (1, 1, 76, 32)
    (numbers,) = embedding.run(None, {"input_1": steps.reshape(1, 76, 32, 1)})
    assert numbers.shape == (1, 1, 1, 96)
    assert "Apache-2.0" in made.about.licence
