"""A Hugging Face network as an ONNX graph. Importing this imports PyTorch and transformers."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors import SafetensorError
from transformers import AutoModel

from model_build.encoders.base import EMBEDDING, IDS, MASK
from model_build.encoders.errors import EncoderDamaged, EncoderUnsupported
from model_build.encoders.graph import IR_VERSION, OPSET

TOLERANCE: Final = 1e-5
LARGEST: Final = 1 << 31
"""Bytes of one protobuf message, and so of a model in a single file."""


class Network:
    """A network in `folder` with its pooling, ready to be exported.

    `first_token` pools by the first token, else by the mean. Raises EncoderDamaged, EncoderUnsupported.
    """

    def __init__(self, folder: Path, *, first_token: bool) -> None:
        self._folder = folder
        self._network = _Pooled(_body(folder), first_token).eval()
        self.dimension = int(self._run(*_sample(1, 3)).shape[1])

    def graph(self) -> onnx.ModelProto:
        """The graph, compared with the network itself on shapes that the export did not see."""
        size = sum(value.numel() * value.element_size() for value in self._network.state_dict().values())
        if size >= LARGEST:
            raise EncoderUnsupported(f"{self._folder} has {size / 1e9:.1f} GB of weights: a graph holds 2 GB")
        model = self._exported()
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        self._verify(model)
        return model

    def _exported(self) -> onnx.ModelProto:
        axes = {0: "tickets", 1: "tokens"}
        file = io.BytesIO()
        with warnings.catch_warnings():
            # This exporter is deprecated, and warns of shapes taken as constants, which _verify looks for.
            # The newer one needs onnxscript and ten times as long, and writes this machine's paths down.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                self._network,
                _sample(2, 7),
                file,
                dynamo=False,
                input_names=[IDS, MASK],
                output_names=[EMBEDDING],
                dynamic_axes={IDS: axes, MASK: axes, EMBEDDING: {0: "tickets"}},
                opset_version=OPSET,
            )
        return onnx.load_model_from_string(file.getvalue())

    def _run(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            made: torch.Tensor = self._network(ids, mask)
        return made

    def _verify(self, model: onnx.ModelProto) -> None:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        for rows, columns in ((1, 3), (3, 12)):
            ids, mask = _sample(rows, columns)
            expected = self._run(ids, mask).numpy()
            (made,) = session.run([EMBEDDING], {IDS: ids.numpy(), MASK: mask.numpy()})
            off = float(np.abs(made - expected).max())
            if not off <= TOLERANCE:
                raise EncoderUnsupported(f"{self._folder}: the exported graph is off by {off:.1e}")


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


def _body(folder: Path) -> torch.nn.Module:
    try:
        body, loaded = AutoModel.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            dtype=torch.float32,
            attn_implementation="eager",
            output_loading_info=True,
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise EncoderDamaged(f"the model in {folder} cannot be loaded: {error}") from error
    # A classifier on the first token, which we do not use, is often left out; the rest may not be.
    missing = sorted(key for key in loaded["missing_keys"] if not key.startswith("pooler."))
    if missing:
        raise EncoderDamaged(f"the weights in {folder} lack {len(missing)} tensors, {missing[0]} first")
    network: torch.nn.Module = body
    return network


def _sample(rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids that every vocabulary has, and a mask under which the first row is two thirds as long."""
    ids = torch.arange(rows * columns).reshape(rows, columns) % 5 + 2
    mask = torch.ones(rows, columns)
    if rows > 1:
        mask[0, 2 * columns // 3 :] = 0
    return ids, mask
