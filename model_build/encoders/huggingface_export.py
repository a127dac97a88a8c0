"""A Hugging Face network as an encoder's graph. Importing this imports PyTorch and transformers."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from transformers import AutoModel

from model_build.encoders.base import EMBEDDING, IDS, MASK
from model_build.hub.export import Exporter, load_network
from model_build.hub.samples import TOKENS, tokens


class Network:
    """A network in `folder` with its pooling, ready to be exported.

    `first_token` pools by the first token, else by the mean. Raises EncoderDamaged, EncoderUnsupported.
    """

    def __init__(self, folder: Path, *, first_token: bool) -> None:
        # A classifier on the first token, which we do not use, is often left out; the rest may not be.
        body = load_network(folder, AutoModel, may_lack=("pooler.",))
        self._exporter = Exporter(
            _Pooled(body, first_token),
            folder,
            inputs=[IDS, MASK],
            outputs=[EMBEDDING],
            axes={IDS: TOKENS, MASK: TOKENS, EMBEDDING: {0: "tickets"}},
        )
        self.dimension = int(self._exporter.run(tokens(1, 3))[0].shape[1])

    def graph(self) -> onnx.ModelProto:
        """The graph, compared with the network itself on shapes that the export did not see."""
        return self._exporter.graph(tokens(2, 7), [tokens(1, 3), tokens(3, 12)])


class _Pooled(torch.nn.Module):  # type: ignore[misc]  # mypy does not look into torch
    """Ids and mask in, unit vectors out."""

    def __init__(self, body: torch.nn.Module, first_token: bool) -> None:
        super().__init__()
        self.body = body
        self.first_token = first_token

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = self.body(input_ids=ids, attention_mask=mask.to(torch.int64)).last_hidden_state
        # The mean's divisor goes away with the length.
        pooled = hidden[:, 0] if self.first_token else (hidden * mask.unsqueeze(-1)).sum(dim=1)
        return torch.nn.functional.normalize(pooled, dim=1)
