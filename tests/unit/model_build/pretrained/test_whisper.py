from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from model_build.pretrained import image_source, whisper, whisper_graph
from model_build.pretrained.base import PretrainedError
from model_build.pretrained.ct2_weights import Array
from model_build.pretrained.whisper_net import BLOCK, in_blocks
from tests.support.once import once
from tests.unit.model_build.pretrained import whisper_reference as reference

pytestmark = [pytest.mark.unit, pytest.mark.xdist_group("whisper")]
TOKENS = [50258, 50259, 50359, 50363, 440, 3440, 322]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "whisper_alone", whisper.make)


@pytest.fixture(scope="module")
def weights() -> Mapping[str, Array]:
    paths = {
        name: path
        for package, sha256 in whisper.SHA256.items()
        for name, path in image_source.python_files(package, whisper.VERSION, sha256).items()
    }
    return whisper.read_weights(paths)


@pytest.fixture(scope="module")
def mel() -> np.ndarray:
    """Something that looks like speech: bands that rise and fall, 4 s of it."""
    rng = np.random.default_rng(0)
    steps, bands = np.meshgrid(np.arange(400), np.arange(80))
    voice = np.exp(-(((bands - 12 - 6 * np.sin(steps / 30)) / 6) ** 2)) * (np.sin(steps / 9) > 0)
    return (voice * 1.5 - 0.6 + rng.standard_normal((80, 400)) * 0.05).astype(np.float32)


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def off(made: np.ndarray, expected: np.ndarray) -> float:
    """The root mean square of the difference, as a share of that of `expected`."""
    return float(np.sqrt(((made - expected) ** 2).mean() / (expected**2).mean()))


def heard(made: Path, mel: np.ndarray) -> dict[str, np.ndarray]:
    encoder = session(made / whisper.ENCODER)
    names = [output.name for output in encoder.get_outputs()]
    return dict(zip(names, encoder.run(names, {"mel": mel[None]}), strict=True))


def test_the_encoder_is_the_plain_transformer(
    made: Path, weights: Mapping[str, Array], mel: np.ndarray
) -> None:
    sound = reference.encode(weights, mel)
    found = heard(made, mel)
    assert len(found) == 12
    for layer in range(6):
        both = reference.linear(weights, sound, f"decoder/layer_{layer}/attention/linear_1")
        for kind, expected in zip(("key", "value"), np.split(both, 2, axis=1), strict=True):
            by_token = found[f"cross_{kind}_{layer}"][0].transpose(1, 0, 2).reshape(200, 512)
            assert off(by_token, expected) < 0.08


def test_the_decoder_is_the_plain_transformer(
    made: Path, weights: Mapping[str, Array], mel: np.ndarray
) -> None:
    sound = reference.encode(weights, mel)
    cross = {}
    for layer in range(6):
        both = reference.linear(weights, sound, f"decoder/layer_{layer}/attention/linear_1")
        for kind, part in zip(("key", "value"), np.split(both, 2, axis=1), strict=True):
            split = part.reshape(1, -1, 8, 64).transpose(0, 2, 1, 3)
            cross[f"cross_{kind}_{layer}"] = np.ascontiguousarray(split, dtype=np.float32)
    expected = reference.decode(weights, sound, TOKENS)
    decoder = session(made / whisper.DECODER)
    past = {
        f"past_{kind}_{layer}": np.zeros((1, 8, 0, 64), np.float32)
        for layer in range(6)
        for kind in ("key", "value")
    }
    for count in (1, 4, len(TOKENS)):
        feeds = {"tokens": np.array([TOKENS[:count]]), **past, **cross}
        (logits,) = decoder.run(["logits"], feeds)
        assert logits.shape == (1, 51_865)
        assert off(logits[0], expected[count - 1]) < 0.05
        best = np.argsort(expected[count - 1])[-3:]
        assert int(logits.argmax()) in best


def test_the_graphs_hold_everything_and_are_checked(made: Path) -> None:
    for name in (whisper.ENCODER, whisper.DECODER):
        model = onnx.load(made / name)
        onnx.checker.check_model(model)
        assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert (made / whisper.ENCODER).stat().st_size < 31_000_000
    assert (made / whisper.DECODER).stat().st_size < 53_500_000


def test_the_same_packages_give_the_same_bytes(made: Path, weights: Mapping[str, Array]) -> None:
    for name, build in ((whisper.ENCODER, whisper_graph.encoder), (whisper.DECODER, whisper_graph.decoder)):
        assert build(weights).SerializeToString(deterministic=True) == (made / name).read_bytes()


def test_a_matrix_in_blocks_is_off_by_half_a_step_at_most() -> None:
    matrix = np.random.default_rng(1).standard_normal((7, 4 * BLOCK)).astype(np.float32)
    matrix[3, :BLOCK] = 0
    data, scales = in_blocks(matrix)
    assert (data.shape, data.dtype, scales.shape) == ((7, 4, BLOCK), np.uint8, (7, 4))
    back = (data.astype(np.float32) - 128) * scales[..., None]
    assert (np.abs(back - matrix.reshape(back.shape)) <= scales[..., None] / 2 + 1e-6).all()


def test_the_licence_is_said() -> None:
    assert "MIT" in whisper.ABOUT.licence
    assert whisper.ABOUT.version == "1.0.0"


def test_another_file_than_the_pinned_one_is_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = {package: dict.fromkeys(sha256, "0" * 64) for package, sha256 in whisper.SHA256.items()}
    monkeypatch.setattr(whisper, "SHA256", wrong)
    with pytest.raises(PretrainedError, match="pinned"):
        whisper.make(tmp_path)


def test_a_damaged_model_is_told(tmp_path: Path) -> None:
    paths = {}
    for half in whisper.HALVES:
        paths[half] = tmp_path / Path(half).name
        paths[half].write_bytes(b"\x06\x00\x00\x00\x0cnothing")
    with pytest.raises(PretrainedError, match="cannot be read"):
        whisper.read_weights(paths)
