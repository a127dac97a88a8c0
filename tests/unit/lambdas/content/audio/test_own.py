"""An encoder of sounds of the user's own: what its graph is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from lambdas.content.audio.model import AudioModel
from lambdas.content.audio.own import LEAST_SAMPLES, LONGEST, OwnEncoder, normalised
from lambdas.content.audio.sound import RATE, Sound
from lambdas.core.errors import BundleError
from model_build.encoders.graph import GraphBuilder

SETTINGS = {"kind": "onnx", "folder": "own", "file": "hub.onnx", "normalise": False}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Its embedding is the mean of the samples, their mean square, and how many there are."""
    graph = GraphBuilder("own")
    sound = graph.input("sound", TensorProto.FLOAT, ["n", "samples"])
    axis = graph.integers(1)
    one = graph.add(
        "Add", graph.add("Mul", sound, graph.constant(np.float32(0))), graph.constant(np.float32(1))
    )
    parts = [
        graph.add("ReduceMean", sound, axis, keepdims=1),
        graph.add("ReduceMean", graph.add("Mul", sound, sound), axis, keepdims=1),
        graph.add("ReduceSum", one, axis, keepdims=1),
    ]
    graph.output(graph.add("Concat", *parts, axis=1), "embedding", ["n", 3])
    onnx.save(graph.model(), tmp_path / "hub.onnx")
    return tmp_path


def test_the_samples_as_they_are_or_made_alike(folder: Path) -> None:
    samples = np.random.default_rng(1).normal(0.2, 0.1, RATE).astype(np.float32)
    plain = OwnEncoder(folder, SETTINGS).features(samples)
    assert plain == pytest.approx([samples.mean(), (samples**2).mean(), RATE], rel=1e-4)
    alike = OwnEncoder(folder, {**SETTINGS, "normalise": True}).features(samples)
    assert alike == pytest.approx([0, 1, RATE], abs=1e-3)


@pytest.mark.parametrize("seconds", [25, 10, 9])
def test_a_long_sound_is_heard_in_equal_parts(folder: Path, seconds: int) -> None:
    samples = np.linspace(0, 1, seconds * RATE, dtype=np.float32)
    made = OwnEncoder(folder, SETTINGS).features(samples)
    assert made[0] == pytest.approx(0.5, abs=1e-4)
    assert made[2] == pytest.approx(seconds * RATE / -(-seconds * RATE // LONGEST))


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_a_short_sound_is_filled_up(folder: Path, samples: int) -> None:
    made = OwnEncoder(folder, {**SETTINGS, "normalise": True}).features(np.ones(samples, dtype=np.float32))
    assert made.tolist() == [0, 0, LEAST_SAMPLES]


def test_silence_stays_silence() -> None:
    assert not normalised(np.zeros(10, dtype=np.float32)).any()


def test_the_model_takes_it_in_the_place_of_the_packaged_one(folder: Path, tmp_path: Path) -> None:
    sound = Sound(np.full(RATE, 0.5, dtype=np.float32), "wav", RATE, 1)
    made = AudioModel({"own": folder}, {"encoder": SETTINGS}).features(sound)
    assert made == pytest.approx([0.5, 0.25, RATE])
    (tmp_path / "broken").mkdir()
    with pytest.raises(BundleError, match=r"hub\.onnx"):
        AudioModel({"own": tmp_path / "broken"}, {"encoder": SETTINGS}).features(sound)
