"""Models of the hub's architectures, tiny and random, saved to a folder as a user's would be."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from lambdas.core.tokeniser import Tokeniser
from model_build import hub
from model_build.encoders.errors import (
    EncoderDamaged,
    EncoderNotInstalled,
    EncoderUnsupported,
    UnknownEncoder,
)
from model_build.hub.load import MODEL, load
from tests.unit.model_build.encoders import test_huggingface as texts

pytestmark = pytest.mark.xdist_group("encoder_huggingface")

torch_needed = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None,
    reason="PyTorch and transformers are not installed: `make setup-encoders`",
)

TOXIC = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


def shaken(network: Any) -> Any:
    """The usual initialisation is so flat that errors would not show."""
    import torch

    torch.manual_seed(3)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape))
    return network.eval()


def toxic_bert(folder: Path) -> Any:
    """The architecture of unitary/toxic-bert: a BERT whose six labels each stand for themselves."""
    import transformers

    texts.save(folder, "bert")
    config = transformers.BertConfig(
        **texts.SIZES,
        pad_token_id=0,
        problem_type="multi_label_classification",
        id2label=dict(enumerate(TOXIC)),
        label2id={name: k for k, name in enumerate(TOXIC)},
    )
    network = shaken(transformers.BertForSequenceClassification(config))
    network.save_pretrained(folder)
    return network


def vit(folder: Path) -> Any:
    """The architecture of google/vit-base-patch16-224, at 32 pixels."""
    import transformers

    config = transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=32,
        patch_size=8, num_labels=5,
    )  # fmt: skip
    network = shaken(transformers.ViTForImageClassification(config))
    network.save_pretrained(folder)
    settings = {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return network


def wav2vec2(folder: Path) -> Any:
    """The architecture of facebook/wav2vec2-base, with few and short filters."""
    import transformers

    config = transformers.Wav2Vec2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, conv_dim=[16] * 4,
        conv_kernel=[10, 8, 4, 4], conv_stride=[5, 4, 2, 2], num_feat_extract_layers=4,
        num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4,
    )  # fmt: skip
    network = shaken(transformers.Wav2Vec2Model(config))
    network.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text('{"sampling_rate": 16000, "do_normalize": true}')
    return network


def run(folder: Path, feeds: dict[str, Any]) -> list[Any]:
    session = onnxruntime.InferenceSession(str(folder / MODEL), providers=["CPUExecutionProvider"])
    return list(session.run(None, feeds))


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@torch_needed
def test_a_text_classifier_answers_as_the_network_does(tmp_path: Path, into: Path) -> None:
    import torch

    network = toxic_bert(tmp_path / "model")
    made = load("text", str(tmp_path / "model"), into)
    assert made.settings["labels"] == TOXIC
    assert made.settings["many"]
    settings = {name: value for name, value in made.settings.items() if name not in {"labels", "many"}}
    ids, mask = Tokeniser(settings, into).tokens(["the first one", "another and longer text of some words"])
    with torch.no_grad():
        expected = network(torch.tensor(ids), attention_mask=torch.tensor(mask).long()).logits.numpy()
    (found,) = run(into, {"ids": ids, "mask": mask})
    assert np.abs(found - expected).max() < 1e-4
    assert np.ptp(expected) > 0.01


@torch_needed
def test_an_image_model_gives_its_classes_and_an_embedding(tmp_path: Path, into: Path) -> None:
    import torch

    network = vit(tmp_path / "model")
    made = load("image", str(tmp_path / "model"), into)
    assert (made.settings["size"], made.settings["mean"]) == (32, [0.5] * 3)
    picture = np.random.default_rng(1).normal(size=(2, 32, 32, 3)).astype(np.float32)
    embedding, logits = run(into, {"image": picture})
    with torch.no_grad():
        expected = network(
            pixel_values=torch.tensor(picture.transpose(0, 3, 1, 2)), output_hidden_states=True
        )
    assert embedding.shape == (2, 32)
    assert np.abs(logits - expected.logits.numpy()).max() < 1e-4
    assert np.abs(embedding - expected.hidden_states[-1].mean(dim=1).numpy()).max() < 1e-4


@torch_needed
@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.7])
def test_a_sound_of_any_length_becomes_one_vector(tmp_path: Path, into: Path, seconds: float) -> None:
    import torch

    network = wav2vec2(tmp_path / "model")
    made = load("sound", str(tmp_path / "model"), into)
    assert made.settings["normalise"]
    sound = np.random.default_rng(2).normal(size=(1, int(16_000 * seconds))).astype(np.float32)
    (embedding,) = run(into, {"sound": sound})
    with torch.no_grad():
        expected = network(input_values=torch.tensor(sound)).last_hidden_state.mean(dim=1).numpy()
    assert embedding.shape == (1, 32)
    assert np.abs(embedding - expected).max() < 1e-4


@torch_needed
def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    vit(tmp_path / "model")
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(load("image", str(tmp_path / "model"), tmp_path / name).files[MODEL].read_bytes())
    assert made[0] == made[1]


@torch_needed
def test_what_cannot_be_used_says_why(tmp_path: Path, into: Path) -> None:
    with pytest.raises(UnknownEncoder, match="could not be fetched"):
        load("image", str(tmp_path / "no/such/model"), into)
    vit(tmp_path / "vit")
    (tmp_path / "vit/preprocessor_config.json").write_text("{")
    with pytest.raises(EncoderDamaged, match="cannot be read"):
        load("image", str(tmp_path / "vit"), into)
    (tmp_path / "vit/preprocessor_config.json").write_text("{}")
    with pytest.raises(EncoderUnsupported, match="says no size"):
        load("image", str(tmp_path / "vit"), into)
    wav2vec2(tmp_path / "slow")
    (tmp_path / "slow/preprocessor_config.json").write_text('{"sampling_rate": 8000}')
    with pytest.raises(EncoderUnsupported, match="8000 samples"):
        load("sound", str(tmp_path / "slow"), into)
    (tmp_path / "slow/preprocessor_config.json").write_text('{"sampling_rate": 16000}')
    for weights in (tmp_path / "slow").glob("*.safetensors"):
        weights.unlink()
    with pytest.raises(EncoderUnsupported, match="never loaded"):
        load("sound", str(tmp_path / "slow"), into)


@torch_needed
def test_an_older_model_has_its_words_in_files_and_its_weights_in_a_pickle(
    tmp_path: Path, into: Path
) -> None:
    """As unitary/toxic-bert and facebook/wav2vec2-base may have them on the hub."""
    import torch

    folder = tmp_path / "model"
    network = toxic_bert(folder)
    words = list(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"])
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    (folder / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "BertTokenizer", "do_lower_case": true}'
    )
    (folder / "tokenizer.json").unlink()
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    torch.save(network.state_dict(), folder / "pytorch_model.bin")
    made = load("text", str(folder), into)
    settings = {name: value for name, value in made.settings.items() if name not in {"labels", "many"}}
    ids, mask = Tokeniser(settings, into).tokens(["hello"])
    with torch.no_grad():
        expected = network(torch.tensor(ids), attention_mask=torch.tensor(mask).long()).logits.numpy()
    (found,) = run(into, {"ids": ids, "mask": mask})
    assert np.abs(found - expected).max() < 1e-4


@torch_needed
def test_a_pickle_that_does_more_than_hold_tensors_is_refused(tmp_path: Path, into: Path) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    wav2vec2(tmp_path / "model")
    for weights in (tmp_path / "model").glob("*.safetensors"):
        weights.unlink()
    (tmp_path / "model/pytorch_model.bin").write_bytes(pickle.dumps({"x": Evil()}))
    with pytest.raises(EncoderDamaged, match="cannot be loaded"):
        load("sound", str(tmp_path / "model"), into)
    assert not (tmp_path / "ran").exists()


def test_without_pytorch_it_says_what_to_install(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("model_build.hub.")]:
        if name.endswith((".networks", ".export", ".samples")):
            monkeypatch.delitem(sys.modules, name)
            monkeypatch.delattr(hub, name.rpartition(".")[2], raising=False)
    with pytest.raises(EncoderNotInstalled, match="make setup-encoders"):
        load("text", "unitary/toxic-bert", into)
