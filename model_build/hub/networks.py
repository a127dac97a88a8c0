"""The networks of each kind, with the outputs that serving wants. Importing this imports PyTorch."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from transformers import AutoModel, AutoModelForImageClassification, AutoModelForSequenceClassification

from model_build.encoders.base import EMBEDDING, IDS, MASK
from model_build.hub.export import Exporter, load_network
from model_build.hub.samples import TOKENS, pictures, sounds, tokens

LOGITS = "logits"
IMAGE = "image"
SOUND = "sound"
SECOND = 16_000
"""Samples of a second."""


def text_classifier(folder: Path) -> onnx.ModelProto:
    """`ids` int64 and `mask` float32 [n, tokens] in, `logits` [n, labels] out."""
    body = load_network(folder, AutoModelForSequenceClassification)
    exporter = Exporter(
        _Classifier(body),
        folder,
        inputs=[IDS, MASK],
        outputs=[LOGITS],
        axes={IDS: TOKENS, MASK: TOKENS, LOGITS: {0: "tickets"}},
    )
    return exporter.graph(tokens(2, 7), [tokens(1, 3), tokens(3, 12)])


def image_model(folder: Path, size: int) -> onnx.ModelProto:
    """`image` float32 [n, size, size, 3] in; `embedding` [n, d] and `logits` [n, classes] out."""
    body = load_network(folder, AutoModelForImageClassification)
    exporter = Exporter(
        _Picture(body),
        folder,
        inputs=[IMAGE],
        outputs=[EMBEDDING, LOGITS],
        axes={name: {0: "pictures"} for name in (IMAGE, EMBEDDING, LOGITS)},
    )
    return exporter.graph(pictures(2, size), [pictures(1, size), pictures(3, size)])


def sound_model(folder: Path) -> onnx.ModelProto:
    """`sound` float32 [n, samples] in, `embedding` [n, d] out: the mean of the frames' hidden states."""
    # The masked embedding is used in training alone, and some checkpoints leave it out.
    body = load_network(folder, AutoModel, may_lack=("masked_spec_embed",))
    exporter = Exporter(
        _Sound(body),
        folder,
        inputs=[SOUND],
        outputs=[EMBEDDING],
        axes={SOUND: {0: "sounds", 1: "samples"}, EMBEDDING: {0: "sounds"}},
    )
    return exporter.graph(sounds(1, SECOND), [sounds(1, SECOND // 2), sounds(2, 2 * SECOND + 123)])


class _Classifier(torch.nn.Module):  # type: ignore[misc]  # mypy does not look into torch
    def __init__(self, body: torch.nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.body(input_ids=ids, attention_mask=mask.to(torch.int64)).logits


class _Picture(torch.nn.Module):  # type: ignore[misc]  # mypy does not look into torch
    def __init__(self, body: torch.nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        made = self.body(pixel_values=image.permute(0, 3, 1, 2), output_hidden_states=True)
        last = made.hidden_states[-1]
        # A transformer's states are [n, patches, d], a convolutional network's [n, d, height, width].
        axes = (1,) if last.dim() == 3 else (2, 3)
        return last.mean(dim=axes), made.logits


class _Sound(torch.nn.Module):  # type: ignore[misc]  # mypy does not look into torch
    def __init__(self, body: torch.nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        return self.body(input_values=sound).last_hidden_state.mean(dim=1)
