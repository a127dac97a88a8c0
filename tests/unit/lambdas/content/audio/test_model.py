from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from lambdas.content.audio.decode import decode
from lambdas.content.audio.embedding import FEATURES
from lambdas.content.audio.model import AudioModel
from lambdas.content.audio.sound import RATE, Floats
from lambdas.content.policies import MOST, POLICIES
from lambdas.core.errors import BundleError
from tests.unit.lambdas.content.audio.sounds import as_digits, encoded, errors, noise, of, sequence, tone

pytestmark = pytest.mark.unit


def test_what_people_say_comes_with_its_time(
    model: AudioModel, digits: dict[tuple[int, int], Floats]
) -> None:
    first, second = (sequence([digits[k, 1] for k in said]) for said in ((5, 2, 9), (7, 1, 6)))
    samples = np.concatenate([first, np.zeros(5 * RATE, dtype=np.float32), second])
    heard = model.listen(of(samples))
    said = model.transcribe(of(samples), heard.speech)
    assert said.language == "en"
    early = [part for part in said.segments if part.end < 5]
    late = [part for part in said.segments if part.start > 5]
    assert as_digits(" ".join(part.text for part in early)) == ["five", "two", "nine"]
    assert as_digits(" ".join(part.text for part in late)) == ["seven", "one", "six"]
    assert all(0 <= part.start <= part.end <= len(samples) / RATE + 0.5 for part in said.segments)
    assert all(0 < part.confidence <= 1 for part in said.segments)
    assert heard.speech_seconds == pytest.approx(sum(part.seconds for part in heard.speech))
    assert 0 < heard.scores["speech"] < 0.7


def test_eight_kilohertz_from_a_telephone_are_understood(
    model: AudioModel, digits: dict[tuple[int, int], Floats]
) -> None:
    sound = decode(encoded(sequence([digits[k, 4] for k in (7, 1, 4, 9, 5)])[::2], 8_000, codec="ULAW"))
    said = model.transcribe(sound, model.listen(sound).speech)
    heard = as_digits(" ".join(part.text for part in said.segments))
    assert errors(["seven", "one", "four", "nine", "five"], heard) <= 1


@pytest.mark.parametrize("samples", [np.zeros(6 * RATE), noise(6.0), tone(6.0), np.zeros(0), np.zeros(3)])
def test_where_nobody_speaks_there_is_no_transcript(model: AudioModel, samples: Floats) -> None:
    heard = model.listen(of(samples))
    assert (heard.speech, heard.speech_seconds, heard.scores) == ([], 0.0, {"speech": 0.0})
    said = model.transcribe(of(samples), heard.speech)
    assert (said.language, said.segments) == (None, [])


def test_without_a_head_the_sound_itself_says_nothing(model: AudioModel) -> None:
    heard = model.listen(of(noise(2.0)))
    assert heard.features.shape == (FEATURES,)
    assert heard.signals.shape == (len(POLICIES),)
    assert np.isnan(heard.signals).all()


def head(folder: Path) -> None:
    """A head whose logits are the sum of the features, times 0, 1, -1 and 1000."""
    weights = np.outer(np.ones(FEATURES), [0, 1, -1, 1000]).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["features", "weights"], ["logits"])], "head",
        [helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["n", FEATURES])],
        [helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["n", len(POLICIES)])],
        [numpy_helper.from_array(weights, "weights")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (folder / "audio.onnx").write_bytes(model.SerializeToString())


def test_a_trained_head_tells_of_its_policies_alone(folders: Mapping[str, Path], tmp_path: Path) -> None:
    head(tmp_path)
    settings = {"head": {"file": "audio.onnx", "policies": ["threat", "violence"]}}
    heard = AudioModel({**folders, "bundle": tmp_path}, settings).listen(of(noise(2.0)))
    total = float(heard.features.sum())
    told = dict(zip(POLICIES, heard.signals.tolist(), strict=True))
    assert told["threat"] == pytest.approx(np.clip(total, -MOST, MOST), rel=1e-3)
    assert abs(told["violence"]) == MOST
    assert np.isnan(told["toxicity"]) and np.isnan(told["sexual"])


def test_with_less_than_all_networks_it_says_less(
    folders: Mapping[str, Path], digits: dict[tuple[int, int], Floats]
) -> None:
    deaf = AudioModel({})
    heard = deaf.listen(of(noise(40.0)))
    assert not deaf.transcribes
    assert [part.seconds <= 28 for part in heard.speech] == [True, True]
    assert not heard.features.any()
    assert deaf.transcribe(of(noise(40.0)), heard.speech).segments == []
    sound = of(sequence([digits[k, 0] for k in (1, 2, 3)]))
    words = AudioModel({"whisper": folders["whisper"]})
    said = words.transcribe(sound, words.listen(sound).speech)
    assert as_digits(" ".join(part.text for part in said.segments)) == ["one", "two", "three"]


def test_a_missing_graph_is_a_bundle_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        AudioModel({"vad": tmp_path}).listen(of(noise(1.0)))


def test_folders_are_asked_for_when_they_are_needed(folders: Mapping[str, Path]) -> None:
    asked = []

    class Lazy(dict[str, Path]):
        def __getitem__(self, name: str) -> Path:
            asked.append(name)
            return super().__getitem__(name)

    model = AudioModel(Lazy(folders))
    heard = model.listen(of(noise(1.0)))
    model.transcribe(of(noise(1.0)), heard.speech)
    assert "whisper" not in asked


def test_importing_it_imports_no_codec() -> None:
    code = (
        "import sys, lambdas.content.audio.model, lambdas.content.audio.decode\n"
        "print([name for name in ('soundfile', 'soxr', 'tokenizers', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
