"""Models of the hub's usual architectures and sizes with random weights, exported as training does it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model_build.content.networks import ASSETS, KINDS
from model_build.hub.load import load

TOXIC: Final = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
PREPROCESSORS: Final[dict[str, dict[str, Any]]] = {
    "image": {"size": {"height": 224, "width": 224}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
    "audio": {"sampling_rate": 16_000, "do_normalize": True},
}
NAMES: Final = {"text": "BERT base", "image": "ViT base", "audio": "wav2vec2 base"}


@dataclass(frozen=True)
class Made:
    """The files of an exported model in `folder`, and the settings that serving is given."""

    name: str
    folder: Path
    files: list[str]
    settings: dict[str, Any]


def made(kind: str, folder: Path) -> Made:
    """The base model of a kind: text (unitary/toxic-bert), image (google/vit-base-patch16-224) or audio
    (facebook/wav2vec2-base), of the configuration that transformers has for it. Needs PyTorch."""
    source, into = folder / f"{kind}-source", folder / kind
    into.mkdir()
    _network(kind).save_pretrained(source)
    if kind in PREPROCESSORS:
        (source / "preprocessor_config.json").write_text(json.dumps(PREPROCESSORS[kind]))
    if kind == "text":
        _tokeniser(source / "tokenizer.json")
    hub = load(KINDS[kind], str(source), into)
    settings = {**hub.settings, "folder": ASSETS[kind]}
    if kind == "text":
        settings |= {
            "file": "hub.onnx",
            "tokeniser": hub.settings,
            "reads": {label: place for place, label in enumerate(TOXIC)},
            "languages": ["en"],
        }
    return Made(NAMES[kind], into, sorted(hub.files), settings)


def _network(kind: str) -> Any:
    import torch
    import transformers

    torch.manual_seed(1)
    if kind == "image":
        return transformers.ViTForImageClassification(transformers.ViTConfig(num_labels=1000))
    if kind == "audio":
        return transformers.Wav2Vec2Model(transformers.Wav2Vec2Config())
    config = transformers.BertConfig(
        problem_type="multi_label_classification",
        id2label=dict(enumerate(TOXIC)),
        label2id={name: place for place, name in enumerate(TOXIC)},
    )
    return transformers.BertForSequenceClassification(config)


def _tokeniser(path: Path) -> None:
    """Words and nothing else: a text of 20 words is 22 tokens."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(models.WordLevel({word: k for k, word in enumerate(words)}, unk_token=words[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(path))
