"""Hugging Face models, tiny and random, saved to a folder as a user's would be."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from model_build.encoders.base import Encoder, load
from model_build.encoders.errors import (
    EncoderDamaged,
    EncoderNotInstalled,
    EncoderUnsupported,
    UnknownEncoder,
)
from tests.unit.model_build.encoders import checks

pytestmark = pytest.mark.xdist_group("encoder_huggingface")

torch_needed = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None,
    reason="PyTorch and transformers are not installed: `make setup-encoders`",
)

WORDS = sorted({word for text in checks.SAID for word in text.lower().replace("!", "").split()})
SIZES = {
    "vocab_size": len(WORDS) + 5,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("Bert", SIZES | {"pad_token_id": 0}),
    "distilbert": ("DistilBert", {"n_layers": 2, "n_heads": 4, "dim": 32, "hidden_dim": 64} | {
        key: SIZES[key] for key in ("vocab_size", "max_position_embeddings")
    }),
    "xlm-roberta": ("XLMRoberta", SIZES | {"pad_token_id": 1}),
}  # fmt: skip


def save(folder: Path, kind: str) -> Any:
    """A random network of `kind` in `folder`, with a tokeniser of the test's words; returns the network."""
    import torch
    import transformers

    torch.manual_seed(5)
    family, values = KINDS[kind]
    network = getattr(transformers, f"{family}Model")(getattr(transformers, f"{family}Config")(**values))
    with torch.no_grad():  # the usual initialisation is so flat that errors would not show
        for weight in network.parameters():
            weight.add_(0.3 * torch.randn(weight.shape))
    network.eval().save_pretrained(folder)
    padding = values.get("pad_token_id", 0)
    special = ["[CLS]", "[SEP]", "[UNK]", "[MASK]"]
    special.insert(padding, "[PAD]")
    tokenizer = Tokenizer(
        models.WordLevel({word: k for k, word in enumerate([*special, *WORDS])}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(name, special.index(name)) for name in ("[CLS]", "[SEP]")],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return network


def expected(network: Any, encoder: Encoder, *, first_token: bool = False) -> np.ndarray:
    """What transformers itself says, a text at a time, pooled by hand."""
    import torch

    rows = []
    for text in checks.SAID:
        ids, mask = encoder.tokens([text])
        with torch.no_grad():
            hidden = network(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
        states = hidden.last_hidden_state[0].numpy()
        pooled = states[0] if first_token else states.mean(axis=0)
        rows.append(pooled / np.linalg.norm(pooled))
    return np.array(rows)


@torch_needed
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_as_transformers(kind: str, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "bundle").mkdir()
    network = save(tmp_path / "model", kind)
    encoder = load(f"hf:{tmp_path / 'model'}")
    assert (encoder.name, encoder.dimension) == ("hf:model", 32)
    assert encoder.settings["max_tokens"] == 62
    assert np.abs(encoder.embed(checks.SAID) - expected(network, encoder)).max() <= 1e-5
    checks.check_signature(encoder)
    checks.check_padding_changes_nothing(encoder)
    checks.check_embed(encoder)
    checks.check_served_tokeniser(encoder, tmp_path / "bundle")
    checks.check_bytes_repeat(encoder, load(f"hf:{tmp_path / 'model'}"))
    assert str(tmp_path).encode() not in encoder.graph().SerializeToString()


@torch_needed
def test_a_sentence_transformers_pooling_is_kept(tmp_path: Path) -> None:
    network = save(tmp_path, "bert")
    (tmp_path / "1_Pooling").mkdir()
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (tmp_path / "1_Pooling/config.json").write_text(json.dumps(pooling))
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\nA model.\n")
    encoder = load(f"hf:{tmp_path}")
    assert np.abs(encoder.embed(checks.SAID) - expected(network, encoder, first_token=True)).max() <= 1e-5
    assert encoder.licence == "mit"
    assert set(encoder.source.sha256) == {"model.safetensors", "tokenizer.json"}


def _dense_layer(folder: Path) -> None:
    layers = [
        {"type": f"sentence_transformers.models.{kind}"} for kind in ("Transformer", "Pooling", "Dense")
    ]
    (folder / "modules.json").write_text(json.dumps(layers))


def _maximum_pooling(folder: Path) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text('{"pooling_mode_mean_tokens": false}')


def _decoder(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"is_encoder_decoder": True}))


def _more_layers(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))


def _half_the_weights(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


@torch_needed
@pytest.mark.parametrize(
    ("harm", "error", "says"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), EncoderUnsupported, "save_pretrained"),
        (lambda folder: (folder / "model.safetensors").unlink(), EncoderUnsupported, "safetensors"),
        (lambda folder: (folder / "config.json").write_text("{"), EncoderDamaged, "config.json"),
        (_dense_layer, EncoderUnsupported, "Dense"),
        (_maximum_pooling, EncoderUnsupported, "pooled"),
        (_decoder, EncoderUnsupported, "encoder-decoder"),
        (_more_layers, EncoderDamaged, "lack"),
        (_half_the_weights, EncoderDamaged, "cannot be loaded"),
    ],
)
def test_what_cannot_be_used_says_why(harm: Any, error: type[Exception], says: str, tmp_path: Path) -> None:
    save(tmp_path, "bert")
    harm(tmp_path)
    with pytest.raises(error, match=says):
        load(f"hf:{tmp_path}")


@torch_needed
def test_a_hub_out_of_reach_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UnknownEncoder, match="local folder"):
        load("hf:somebody/no-such-model")


def test_without_pytorch_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "model_build.encoders.huggingface_export", raising=False)
    monkeypatch.delattr("model_build.encoders.huggingface_export", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EncoderNotInstalled, match="`make setup-encoders`"):
        load(f"hf:{tmp_path}")
