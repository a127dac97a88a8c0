from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest

from lambdas.core.bundle import sha256_of
from model_build.pretrained import vad

pytestmark = pytest.mark.unit


def test_it_is_the_packaged_graph_that_takes_many_frames(tmp_path: Path) -> None:
    made = vad.make(tmp_path)
    (path,) = made.files.values()
    assert sha256_of(path) == vad.SHA256[vad.PACKAGED]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert {value.name: value.shape[-1] for value in session.get_inputs()} == {
        "input": 576,
        "h": 128,
        "c": 128,
    }
    assert [value.name for value in session.get_outputs()] == ["speech_probs", "hn", "cn"]
    assert "MIT" in made.about.licence
